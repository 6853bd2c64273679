### Thanh toán bằng Telegram Stars. $stars là số Sao, $count là số video.

command-balance = Video miễn phí, tín dụng và các khoản đã trả
command-terms = Điều khoản mua bán
command-paysupport = Hỗ trợ thanh toán
command-refund = Hoàn lại một khoản đã trả

card-price =
    { $stars ->
        [0] 💫 Giá: không phải trả thêm
       *[other] 💫 Giá: { $stars } Sao
    }
card-free =
    { $count ->
       *[other] 🎁 Dùng { $count } video miễn phí trước
    }
card-credit =
    { $count ->
       *[other] 🎟 Dùng { $count } video trong tín dụng của bạn
    }

invoice-title =
    { $count ->
       *[other] Tạo { $count } video
    }
invoice-description =
    { $count ->
        [1] Yêu cầu của bạn bắt đầu ngay khi thanh toán xong. Nếu không tạo được video, Sao sẽ tự động được hoàn lại.
       *[other] Yêu cầu của bạn bắt đầu ngay khi thanh toán xong. Nếu không tạo được video nào, Sao sẽ tự động được hoàn lại; video còn thiếu được cộng vào tín dụng.
    }
invoice-not-yours = Hóa đơn này thuộc yêu cầu của người khác.
invoice-not-due = Yêu cầu này không còn chờ thanh toán nữa.
invoice-not-sent = Tôi chưa gửi được hóa đơn. Bạn mở lại liên kết sau giây lát nhé.

pay-refused-not-yours = Đây là yêu cầu của người khác. Chỉ người tạo yêu cầu mới thanh toán được.
pay-refused-gone = Yêu cầu này không còn nữa. Bạn chưa bị trừ gì; hãy gửi yêu cầu mới.
pay-refused-ended = Yêu cầu này đã kết thúc. Bạn chưa bị trừ gì; hãy gửi yêu cầu mới.
pay-refused-paid = Yêu cầu này đã được thanh toán rồi.
pay-refused-twice = Đang có một khoản thanh toán cho yêu cầu này. Nếu chưa thành công, bạn thử lại sau một phút nhé.
pay-refused-wrong-amount = Giá của yêu cầu này đã khác. Bạn chưa bị trừ gì; hãy gửi yêu cầu mới.
pay-refused-day-is-full = Như vậy sẽ vượt quá số video bạn được tạo trong ngày. Bạn chưa bị trừ gì; ngày mai hãy thử lại.
pay-refused-late = Hiện tôi chưa nhận thanh toán được. Bạn chưa bị trừ gì; hãy thử lại sau ít phút.

balance-free = 🎁 Video miễn phí: { $count }
balance-credit = 🎟 Tín dụng: { $count }
balance-payments = <b>Các khoản bạn trả gần đây</b>
balance-payment =
    { $date } · { $stars ->
       *[other] { $stars } Sao
    } · { $became }
    <code>{ $charge }</code>
balance-became =
    { $state ->
        [paid] yêu cầu đang được thực hiện
        [used] { $videos ->
           *[other] { $videos } video
        }
        [credited] { $videos ->
            [0] { $credit } vào tín dụng
           *[other] { $videos } video, { $credit } vào tín dụng
        }
        [refunding] đang hoàn lại
       *[refunded] đã hoàn lại
    }

help-payments =
    <b>Thanh toán:</b> mỗi video có giá { $stars ->
       *[other] { $stars } Sao Telegram
    }.
    /balance – video miễn phí, tín dụng và các khoản đã trả
    /terms – điều khoản mua bán
    /paysupport – hỗ trợ thanh toán
help-refund = /refund – hoàn lại một khoản đã trả

terms =
    <b>Điều khoản</b>
    Mỗi video có giá { $stars ->
       *[other] { $stars } Sao Telegram
    }. { $free ->
        [0] { "" }
       *[other] { $free } video đầu tiên được miễn phí.
    }
    Video được tạo sau khi khoản thanh toán đã đến. Nếu không tạo được video nào, Sao sẽ tự động được hoàn lại. Nếu chỉ có một phần, hoặc bạn hủy khi dịch vụ đã bắt đầu, số video còn thiếu được cộng vào tín dụng để trả cho các yêu cầu sau.
    Bạn chịu trách nhiệm về nội dung video: hãy dùng ảnh mà bạn có quyền dùng.
    Có vấn đề về thanh toán? /paysupport
paysupport =
    <b>Hỗ trợ thanh toán</b>
    /balance cho biết các khoản bạn trả gần đây và kết quả của từng khoản. Sao hoàn lại có thể mất vài phút mới hiện ra.
    Nếu có gì sai, hãy nhắn cho người quản lý bot này kèm mã ghi dưới khoản thanh toán. Bộ phận hỗ trợ của Telegram không giải quyết được những gì mua tại đây.

refund-usage = Gửi /refund kèm mã của khoản thanh toán như /balance hiển thị.
refund-unknown = Không có khoản thanh toán này, hoặc nó đã được hoàn lại rồi.
refund-wanted =
    { $stars ->
       *[other] Đang hoàn lại { $stars } Sao.
    }

forget-ask-payments = Số video miễn phí còn lại sẽ mất hẳn. Tín dụng và bản ghi các khoản đã trả vẫn được giữ.
forget-done-payments = Tín dụng và bản ghi các khoản bạn đã trả vẫn được giữ; video miễn phí đã mất hẳn.

stats-stars = <b>Sao:</b> đã nhận { $taken }, đã hoàn { $returned }
stats-credit = <b>Tín dụng của mọi người:</b> { $count } video

alarm-refund-balance = 💫 Số dư Sao của bot không đủ để hoàn tiền. Tôi sẽ thử lại cho đến khi đủ Sao.
alarm-refund = 💫 Telegram từ chối hoàn một khoản thanh toán. Tôi sẽ thử lại; nhật ký có mã và lý do.
alarm-books = 🧮 Các khoản thanh toán không khớp nhau. Nhật ký cho biết chỗ sai; bạn xem sớm nhé.

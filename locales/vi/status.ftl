### Tin nhắn trạng thái của một lượt tạo video. $count là số video, $stars là số Sao, thời gian có dạng 1:05.

status-unpaid-private =
    { $stars ->
       *[other] 💫 Đang chờ bạn thanh toán { $stars } Sao. Hóa đơn ở ngay trong cuộc trò chuyện này.
    }
status-unpaid-group =
    { $stars ->
       *[other] 💫 Đang chờ thanh toán { $stars } Sao. Bấm nút bên dưới để mở hóa đơn.
    }
status-queued = ⏳ Đang chờ, bạn ở vị trí thứ { $position }
status-submitting = 📤 Đang chuẩn bị ảnh…
status-starting = 🎬 Đang bắt đầu…
status-uploading = 📤 Đang tải ảnh lên…
status-processing =
    { $count ->
       *[other] 🎨 Đang tạo { $count } video…
    }
status-reconciling = 🔎 Mất kết nối với dịch vụ. Đang tìm lại video của bạn, không tính phí lần nữa…
status-delivering =
    { $count ->
       *[other] 📬 Đang gửi { $count } video…
    }
status-file-late =
    { $count ->
       *[other] ⏳ Đã làm xong { $count } video nhưng dịch vụ chưa giao đủ tệp. Tôi vẫn đang hỏi lại…
    }
status-note = 🎬 Đang thực hiện: { $note }
status-retrying = ⏳ Dịch vụ đang bận. Sắp thử lại (lần { $attempt })…
status-cancelling = ✋ Đang hủy…
status-progress = { $bar } { $elapsed }
status-progress-estimate = { $bar } { $elapsed } · còn khoảng { $left }

status-done =
    { $count ->
       *[other] ✅ Xong: { $count } video trong { $took }
    }
status-done-failed =
    { $count ->
       *[other] { $count } video không tạo được.
    }
status-done-linked =
    { $count ->
       *[other] Telegram không nhận được { $count } video. Bạn mở tại đây:
    }
status-done-linked-private =
    { $count ->
       *[other] Telegram không nhận được { $count } video. Tôi đã gửi liên kết cho bạn trong tin nhắn riêng.
    }
status-done-linked-history =
    { $count ->
       *[other] Telegram không nhận được { $count } video. Hãy nhắn riêng cho tôi và gửi /history để lấy liên kết.
    }
status-done-unfetched =
    { $count ->
       *[other] Dịch vụ chưa giao được tệp của { $count } video. Bạn thử mở liên kết sau ít phút:
    }
status-done-unfetched-private =
    { $count ->
       *[other] Dịch vụ chưa giao được tệp của { $count } video. Tôi đã gửi liên kết trong tin nhắn riêng, bạn thử mở sau ít phút nhé.
    }
status-done-unfetched-history =
    { $count ->
       *[other] Dịch vụ chưa giao được tệp của { $count } video. Hãy nhắn riêng cho tôi và gửi /history để lấy liên kết.
    }
status-done-in-private =
    { $count ->
       *[other] Tôi không được gửi video ở đây nên đã gửi { $count } video cho người yêu cầu trong tin nhắn riêng.
    }
status-link = Video { $number }
status-cancelled = ✋ Đã hủy. Không bị tính phí.
status-cancelled-charged = ✋ Đã hủy. Dịch vụ đã bắt đầu làm nên có thể đã bị tính phí.
status-unpaid-in-time = ⌛ Đã hết hạn thanh toán nên tôi không tạo gì cả. Bạn chưa bị trừ gì.
status-cancelled-sold = ✋ Đã hủy.
status-cancelled-sold-begun = ✋ Đã hủy. Lúc đó dịch vụ đã bắt đầu làm.
status-back-stars =
    { $stars ->
       *[other] 💫 Hoàn tiền: { $stars } Sao đang được trả lại cho bạn.
    }
status-back-free =
    { $count ->
       *[other] 🎁 Bạn được nhận lại { $count } video miễn phí.
    }
status-back-credit =
    { $count ->
       *[other] 🎟 Tín dụng: { $count } video được giữ lại cho bạn, dùng để trả cho yêu cầu sau.
    }

status-button-cancel = Hủy
status-button-again = 🔁 Làm lại
status-button-edit = ✏️ Sửa
status-button-share = ↗️ Chia sẻ
status-button-pay =
    { $stars ->
       *[other] 💫 Trả { $stars } Sao
    }

# Những gì Telegram hiển thị về bot trước khi có ai nhắn tin.
bot-short-description = Biến ảnh của bạn thành video ngắn. Gửi 1 đến 3 ảnh và cho biết điều gì sẽ diễn ra.
bot-description =
    Gửi 1 đến 3 ảnh và viết điều bạn muốn diễn ra trong đó.
    Bạn sẽ nhận lại những video ngắn làm từ các ảnh ấy.

    Nhấn Bắt đầu để dùng thử.

# Mô tả trong danh sách lệnh.
command-start = Bot này làm được gì
command-help = Cách tạo video
command-video = Tạo video ngay
command-cancel = Dừng yêu cầu gần nhất của bạn
command-history = Các video trước đây của bạn
command-settings = Ngôn ngữ và số video thường dùng
command-privacy = Bot lưu những gì về bạn
command-forget = Xóa mọi dữ liệu của bạn
command-stats = Số liệu của bot
command-allow = Cho một người hoặc một nhóm sử dụng
command-deny = Chặn một người hoặc một nhóm

# Thông báo khi nhấn nút.
menu-not-yours = Các nút này là của người khác. Bạn hãy tự gửi lệnh nhé.
menu-stale = Nút này không còn dùng được. Bạn hãy gửi lại lệnh nhé.

start-private =
    <b>Gửi ảnh, nhận video.</b>
    Hãy gửi cho tôi 1 đến 3 ảnh và viết điều bạn muốn diễn ra trong đó.

    Để bắt đầu, hãy gửi một ảnh. Xem thêm: /help
start-group =
    <b>Gửi ảnh, nhận video.</b>
    Trả lời một ảnh bằng <code>/video@{ $bot }</code> kèm điều bạn muốn diễn ra trong đó.

help-private =
    <b>Cách tạo video</b>
    1. Gửi 1 đến 3 ảnh.
    2. Viết điều bạn muốn diễn ra trong đó, hoặc chọn trong 💡 Gợi ý.
    3. Chọn số video và khổ hình, rồi nhấn Tạo video.

    <b>Nhanh hơn:</b> gửi ảnh với chú thích <code>/video x3 lá rơi</code>. Bot sẽ tạo ngay 3 video.

    <b>Trong nhóm:</b> trả lời một ảnh bằng <code>/video@{ $bot } lá rơi</code>.

    <b>Ngang hay dọc:</b> video có khổ ngang (16:9), trừ khi bạn nhấn ▯ Dọc hoặc viết <code>/video dọc lá rơi</code>. Video dọc (9:16) dùng 1 hoặc 2 ảnh: bắt đầu từ ảnh thứ nhất và kết thúc ở ảnh thứ hai. Trong /settings, bạn có thể chọn khổ hình thường dùng.

    <b>Giới hạn:</b> JPEG, PNG, WebP hoặc HEIC, tối đa 20 MB.
help-group =
    <b>Cách tạo video</b>
    Trả lời một ảnh bằng <code>/video@{ $bot } lá rơi</code>, hoặc dùng dòng đó làm chú thích của ảnh.
    Để có 3 video: <code>/video@{ $bot } x3 lá rơi</code>
    Để có video dọc từ 1 hoặc 2 ảnh: <code>/video@{ $bot } dọc lá rơi</code>
    Bạn cũng có thể trả lời tin nhắn của tôi bằng ảnh kèm chú thích.
    Biểu cảm tôi thả vào tin nhắn của bạn cho biết tình hình: 👀 đã nhận, 👍 đã xong, 👎 không thành công.
help-share = <b>Chia sẻ:</b> nhấn Chia sẻ dưới video đã xong, hoặc gõ <code>@{ $bot }</code> kèm vài chữ trong mô tả ở bất kỳ cuộc trò chuyện nào.
help-admin =
    <b>Dành cho quản trị viên</b>
    /stats – số liệu của bot
    /allow, /deny – cho phép hoặc chặn một người hay một nhóm

unknown-command = Tôi không biết lệnh này. Gửi /help để xem tôi làm được gì.

cancel-draft = Đã hủy. Chưa có video nào được tạo.
cancel-running = Tôi đang dừng video của bạn.
cancel-nothing = Không có gì để hủy ở đây.

settings-text =
    <b>Cài đặt</b>
    Ngôn ngữ: { $language }
    Số video thường dùng: { $count }
    Khổ hình thường dùng: { $shape ->
        [tall] dọc (9:16)
       *[wide] ngang (16:9)
    }
    { $asking ->
        [on] Yêu cầu đủ ảnh và mô tả sẽ bắt đầu ngay, không hỏi lại.
       *[off] Tôi sẽ hỏi trước khi bắt đầu.
    }
settings-language-en = English
settings-language-vi = Tiếng Việt
settings-atonce-off = Hỏi trước
settings-atonce-on = Bắt đầu ngay
settings-chosen = ✓ { $label }

history-empty = Chưa có video nào. Hãy gửi một ảnh để tạo video đầu tiên.
history-page =
    <b>Video của bạn</b> ({ $page }/{ $pages })
    Chọn một mục để xem lại.
history-label = { $date } · { $prompt }
history-newer = ‹ Mới hơn
history-older = Cũ hơn ›
history-entry =
    <b>{ $date }</b> · { $count } video
    { $prompt }
history-link = <a href="{ $url }">Video { $number }</a>
history-again = 🔁 Làm lại
history-back = ‹ Về danh sách
history-gone = Các video này không còn nữa.

privacy =
    <b>Bot lưu những gì về bạn</b>
    • ID Telegram và các cài đặt của bạn
    • những gì bạn đã yêu cầu, cùng ID trên Telegram của ảnh và video tương ứng, nhưng không lưu chính ảnh và video
    • ảnh tôi thấy trong nhóm, cũng chỉ bằng ID trên Telegram

    <b>Lưu bao lâu:</b> yêu cầu: { $requests } ngày; yêu cầu chưa bắt đầu: { $drafts } ngày; ảnh trong nhóm: { $photos } ngày. Các cài đặt được giữ cho đến khi bạn gửi /forget.

    <b>Dữ liệu đi đâu:</b> ảnh và mô tả của bạn được gửi đến GenAIPro để tạo video, và mọi thứ bạn gửi ở đây đều đi qua Telegram.

    <b>Chia sẻ:</b> bạn chỉ thấy video của chính mình, không thấy video của người khác. Ai nhận video từ bạn sẽ đọc được mô tả trong chú thích.

    Lệnh /forget xóa tất cả. Chỉ lệnh chặn của quản trị viên được giữ lại.

forget-ask =
    <b>Xóa mọi dữ liệu của bạn?</b>
    Cài đặt và lịch sử của bạn sẽ mất hẳn, cả quyền sử dụng do quản trị viên cấp. Tin nhắn trong cuộc trò chuyện này vẫn còn.
forget-ask-admin =
    <b>Xóa mọi dữ liệu của bạn?</b>
    Cài đặt và lịch sử của bạn sẽ mất hẳn. Nếu bạn trở thành quản trị viên nhờ liên kết thì bạn sẽ không còn là quản trị viên. Tin nhắn trong cuộc trò chuyện này vẫn còn.
forget-yes = Xóa tất cả
forget-no = Giữ lại
forget-kept = Không có gì bị xóa.
forget-done = Xong. Mọi dữ liệu của bạn đã được xóa.
forget-busy = Một video của bạn vẫn đang được tạo. Hãy gửi /cancel hoặc chờ video xong, rồi gửi lại /forget.

stats-today = <b>Hôm nay:</b> { $count } yêu cầu
stats-in-all = <b>Tổng cộng:</b> { $count } yêu cầu
stats-state = { $state ->
    [unpaid] { $count } chưa thanh toán
    [queued] { $count } đang chờ
    [submitting] { $count } đang gửi
    [starting] { $count } đang bắt đầu
    [uploading] { $count } đang tải ảnh lên
    [processing] { $count } đang tạo
    [reconciling] { $count } đang tìm kết quả
    [delivering] { $count } đang gửi video
    [done] { $count } xong
    [failed] { $count } lỗi
   *[cancelled] { $count } đã hủy
}
stats-people = <b>Số người dùng:</b> { $count }
stats-credits = <b>Số lượt còn lại:</b> { $count }
stats-credits-unknown = <b>Số lượt còn lại:</b> dịch vụ không cho biết
stats-time = <b>Thời gian thường mất:</b> { $minutes }:{ $seconds } phút
stats-time-unknown = <b>Thời gian thường mất:</b> chưa biết

inline-open = Tạo video
inline-number = Video số { $number }

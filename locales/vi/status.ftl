### Tin nhắn trạng thái của một lượt tạo video. $count là số video, thời gian có dạng 1:05.

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
status-link = Video { $number }
status-cancelled = ✋ Đã hủy. Không bị tính phí.
status-cancelled-charged = ✋ Đã hủy. Dịch vụ đã bắt đầu làm nên có thể đã bị tính phí.

status-button-cancel = Hủy
status-button-again = 🔁 Làm lại
status-button-edit = ✏️ Sửa

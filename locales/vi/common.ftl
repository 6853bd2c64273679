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

### Dành cho quản trị viên của bot.

alarm-credits = 💳 Bot đã hết lượt tạo video tại GenAIPro. Mọi yêu cầu sẽ không thực hiện được cho đến khi nạp thêm.
alarm-key = 🔑 GenAIPro không chấp nhận khóa của bot. Hãy kiểm tra GENAIPRO_API_KEY rồi khởi động lại bot.
alarm-guard = 🚧 Lớp bảo vệ phía trước GenAIPro đang chặn máy chủ này, nhiều khả năng do địa chỉ IP hoặc quốc gia. Khóa API không có lỗi gì. Hãy thử chạy bot từ máy chủ khác, hoặc nhờ GenAIPro mở chặn cho địa chỉ này.
alarm-lost = 🔎 Một kết quả của GenAIPro không bao giờ đến dù có thể đã bị tính phí. Nếu chuyện này lặp lại, hãy xem nhật ký.

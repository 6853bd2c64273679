### Dành cho quản trị viên của bot.

alarm-credits = 💳 Bot đã hết lượt tạo video tại GenAIPro. Mọi yêu cầu sẽ không thực hiện được cho đến khi nạp thêm.
alarm-key = 🔑 GenAIPro không chấp nhận khóa của bot. Hãy kiểm tra GENAIPRO_API_KEY rồi khởi động lại bot.
alarm-lost = 🔎 Một kết quả của GenAIPro không bao giờ đến dù có thể đã bị tính phí. Nếu chuyện này lặp lại, hãy xem nhật ký.

### Vì sao không tạo được video. $reason là lời của dịch vụ, $attempts là số lần đã thử.

failure-safety = 🚫 Bộ lọc an toàn đã từ chối ảnh hoặc mô tả. Bạn hãy sửa rồi thử lại; không bị tính phí.
failure-audio = 🔇 Phần âm thanh bị bộ lọc chặn. Bạn hãy viết lại phần lời nói rồi thử lại; không bị tính phí.
failure-credits = 💳 Bot đã hết lượt tạo video. Chủ bot đã được báo; bạn vui lòng thử lại sau.
failure-key = 🔑 Dịch vụ không chấp nhận khóa của bot. Chủ bot đã được báo.
failure-guard = 🚧 Hiện bot không truy cập được dịch vụ từ máy chủ này. Chủ bot đã được báo. Không bị tính phí; bạn vui lòng thử lại sau.
failure-busy =
    { $attempts ->
       *[other] ⏳ Dịch vụ đang bận (đã thử { $attempts } lần). Không bị tính phí; bạn vui lòng thử lại sau.
    }
failure-service = ⚠️ Dịch vụ gặp lỗi và không tìm thấy video nào sau đó. Có thể đã bị tính phí.
failure-rejected = ⚠️ Dịch vụ không nhận yêu cầu. Không bị tính phí.
failure-rejected-reason = ⚠️ Dịch vụ không nhận yêu cầu: { $reason }
failure-other = ⚠️ Dịch vụ không tạo được video nào. Không bị tính phí.
failure-other-reason = ⚠️ Dịch vụ báo: { $reason }
failure-lost = ⚠️ Không nhận được kết quả. Có thể đã bị tính phí.
failure-photos = 🖼 Không đọc được ảnh của bạn nữa. Bạn vui lòng gửi lại ảnh; không bị tính phí.
failure-internal = ⚠️ Bot gặp trục trặc. Không bị tính phí; bạn vui lòng thử lại.

### Yêu cầu đang soạn: thẻ, các thông báo, và những gì không dùng được. $limit là số lớn nhất, $place là group hoặc private.

draft-card-photos = 📷 Ảnh: { $count }/{ $limit }
draft-card-photos-missing =
    { $place ->
        [group] 📷 Chưa có ảnh: hãy trả lời tin nhắn này bằng 1 đến { $limit } ảnh.
       *[private] 📷 Chưa có ảnh: hãy gửi 1 đến { $limit } ảnh.
    }
draft-card-prompt = ✏️ { $prompt }
draft-card-prompt-missing =
    { $place ->
        [group] ✏️ Chưa có mô tả: hãy trả lời tin nhắn này và viết điều bạn muốn diễn ra.
       *[private] ✏️ Chưa có mô tả: hãy viết điều bạn muốn diễn ra.
    }
draft-card-count = 🎬 Số video: { $count }
draft-card-cancelled = ✋ Đã hủy. Chưa có video nào được tạo.
draft-card-started = ▶️ Yêu cầu này đã được bắt đầu.
draft-button-generate = Tạo video
draft-button-cancel = Hủy
draft-button-wide = ▭ Ngang
draft-button-tall = ▯ Dọc
draft-button-ideas = 💡 Gợi ý
draft-button-back = ‹ Quay lại
draft-chosen = • { $label } •
draft-idea-chosen = ✓ { $label }
draft-card-ideas = 💡 { $ideas }
draft-tall-photos = Video dọc chỉ dùng một hoặc hai ảnh: bắt đầu từ ảnh thứ nhất và kết thúc ở ảnh thứ hai.
draft-made-wide = Ba ảnh sẽ thành video ngang; video dọc chỉ dùng một hoặc hai ảnh.
draft-too-long = Thêm gợi ý này thì mô tả sẽ dài quá 4096 ký tự.

draft-extra-photos = Mỗi video dùng tối đa 3 ảnh: tôi giữ ba ảnh đầu tiên và bỏ qua các ảnh còn lại.
draft-too-late = Ảnh này đến sau khi video đã bắt đầu được tạo nên không được dùng.
draft-too-many-waiting =
    { $limit ->
       *[other] Bạn đã có { $limit } yêu cầu đang chờ. Hãy thử lại khi một yêu cầu đã bắt đầu.
    }
draft-daily-limit =
    { $left ->
        [0] Bạn đã dùng hết { $limit } video của hôm nay. Mời bạn quay lại vào ngày mai.
       *[other] Hôm nay bạn còn { $left } trong số { $limit } video. Hãy chọn ít video hơn, hoặc quay lại vào ngày mai.
    }

draft-not-yours = Đây là yêu cầu của người khác. Bạn hãy gửi ảnh của mình.
draft-submitted = Yêu cầu này đã được bắt đầu rồi.
draft-cancelled = Yêu cầu này đã bị hủy. Bạn hãy gửi lại ảnh.
draft-unknown = Nút này không còn dùng được. Bạn hãy gửi lại ảnh.
draft-incomplete = Vẫn còn thiếu: tôi cần ít nhất một ảnh và một mô tả.
draft-again-started = Đã bắt đầu làm lại.
draft-again-running = Video này đang được tạo rồi.
draft-again-gone = Yêu cầu này không còn được lưu. Bạn hãy gửi lại ảnh.
draft-cancelling = Đang dừng…
draft-already-finished = Yêu cầu này đã kết thúc rồi.

video-usage = Hãy gửi ảnh với chú thích <code>/video x2 lá rơi</code>, hoặc trả lời một ảnh bằng dòng đó.
video-count-wrong = Mỗi lần tôi tạo 1 đến { $limit } video: hãy viết x1 đến x{ $limit } sau /video.
video-how-to-ask = Tôi không thấy ảnh nào ở đây: hãy trả lời tin nhắn này bằng 1 đến { $limit } ảnh kèm chú thích.

unusable =
    { $kind ->
        [animation] Tôi không dùng được ảnh GIF
        [audio] Tôi không dùng được tệp âm thanh
        [document] Tôi không dùng được loại tệp này
        [location] Tôi không dùng được vị trí
        [contact] Tôi không dùng được liên hệ
        [poll] Tôi không dùng được bình chọn
        [sticker] Tôi không dùng được nhãn dán
        [story] Tôi không dùng được tin
        [video] Tôi không dùng được video
        [voice] Tôi không dùng được tin nhắn thoại
       *[other] Tôi không dùng được nội dung này
    }: hãy gửi 1 đến 3 ảnh, có thể dưới dạng tệp JPEG, PNG, WebP hoặc HEIC, và một mô tả bằng chữ.

photo-too-large = Tệp này vượt quá 20 MB, mức lớn nhất tôi tải được: hãy gửi tệp nhỏ hơn, hoặc gửi dưới dạng ảnh.
photo-too-many-pixels = Ảnh này có hơn 50 megapixel: hãy gửi ảnh nhỏ hơn, hoặc gửi dưới dạng ảnh thường.
photo-broken = Không đọc được ảnh này: hãy gửi ảnh khác, hoặc gửi dưới dạng ảnh thường.
photo-not-an-image = Tôi không dùng được loại tệp này: hãy gửi ảnh, hoặc tệp JPEG, PNG, WebP hay HEIC.
photo-gone = Tôi không tải được ảnh này từ Telegram: bạn hãy gửi lại.

error-sorry = Xin lỗi, tôi vừa gặp lỗi. Bạn hãy thử lại.

### Gợi ý cho mô tả: chữ của mỗi gợi ý nằm trên nút và được gửi đi đúng như vậy. Mỗi mục bắt đầu bằng "idea-" là một gợi ý; bạn có thể thêm hoặc sửa, ở mọi ngôn ngữ.

idea-closer = Máy quay từ từ tiến lại gần
idea-reveal = Máy quay lùi dần, lộ ra toàn cảnh
idea-orbit = Máy quay lượn quanh nhân vật
idea-rise = Máy quay bay lên thật cao
idea-look = Nhân vật ngước nhìn và mỉm cười
idea-breeze = Gió nhẹ lay mái tóc và tán lá
idea-golden = Nắng vàng ấm trước hoàng hôn
idea-night = Đêm xuống, đèn dần bật sáng
idea-rain = Mưa bắt đầu rơi lất phất
idea-slow = Mọi thứ chuyển động chậm rãi

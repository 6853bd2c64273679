access-refused = Đây là bot riêng tư: bạn hãy gửi ID <code>{ $id }</code> của mình cho chủ bot để xin quyền sử dụng.
access-refused-notice = Đây là bot riêng tư: bạn hãy gửi ID { $id } của mình cho chủ bot để xin quyền sử dụng.
access-anonymous = Tôi không biết bạn là ai: bạn hãy tắt chế độ ẩn danh rồi gửi lại bằng tên của mình.

claimed = <b>Từ giờ bạn là quản trị viên của bot này.</b>

allow-usage =
    Ai được dùng bot? Trả lời tin nhắn của người đó bằng /allow, hoặc thêm ID: <code>/allow 123456789</code>.
    Gửi lệnh trong nhóm mà không có ID thì cả nhóm được dùng.
deny-usage =
    Ai không được dùng bot nữa? Trả lời tin nhắn của người đó bằng /deny, hoặc thêm ID: <code>/deny 123456789</code>.
    Gửi lệnh trong nhóm mà không có ID thì cả nhóm bị chặn.
deny-self = Bạn không thể tự chặn chính mình.
deny-owner = Người này là quản trị viên trong cấu hình của bot nên không thể bị chặn tại đây.

allowed-user = Từ giờ người dùng <code>{ $id }</code> được dùng bot.
allowed-chat = Từ giờ mọi người trong nhóm <code>{ $id }</code> được dùng bot.
denied-user = Người dùng <code>{ $id }</code> không được dùng bot nữa.
denied-chat = Bot không còn hoạt động trong nhóm <code>{ $id }</code>.

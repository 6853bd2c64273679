"""What someone is in a chat, and what they may do there, on the wire."""

from sandbox.botapi.model import Chat, JsonObject, Standing, User
from sandbox.botapi.wire import user_wire

_ADMIN_RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
    "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
    "can_delete_stories", "can_send_welcome_messages", "can_pin_messages", "can_manage_topics",
)  # fmt: skip
MEMBER_RIGHTS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews", "can_react_to_messages", "can_edit_tag", "can_change_info", "can_invite_users",
    "can_pin_messages", "can_manage_topics",
)  # fmt: skip
_FORBIDS = {"text": "can_send_messages", "photo": "can_send_photos", "video": "can_send_videos",
            "document": "can_send_documents"}  # fmt: skip


def member_wire(chat: Chat, user: User, standing: Standing) -> JsonObject:
    """A ``ChatMember``."""
    wire: JsonObject = {"status": standing.value, "user": user_wire(user)}
    if standing is Standing.CREATOR:
        return wire | {"is_anonymous": False}
    if standing is Standing.ADMINISTRATOR:
        return wire | {"can_be_edited": False, "is_anonymous": False} | dict.fromkeys(_ADMIN_RIGHTS, True)
    if standing is Standing.RESTRICTED:
        rights = dict.fromkeys(MEMBER_RIGHTS, True)
        rights |= dict.fromkeys((_FORBIDS[kind] for kind in chat.forbidden_to_bot), False)
        return wire | {"is_member": True, "until_date": 0} | rights
    return wire | ({"until_date": 0} if standing is Standing.KICKED else {})

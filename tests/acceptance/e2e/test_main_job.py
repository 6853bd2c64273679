from pathlib import Path

from tests.acceptance.e2e.world import world
from tests.pictures import jpeg


async def test_a_photo_and_a_caption_become_a_video(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        photo = jpeg()
        sent = await here.anna.send_photo(photo, "a cat walks")
        card = await here.ready_card()
        await here.press(card, "go")
        end = await here.ended(here.anna.chat_id, card.message_id)
        videos = [line for line in here.telegram.bot_lines(here.anna.chat_id) if line.kind == "video"]
        (post,) = here.genaipro.posts
        assert (post.prompt, post.number_of_videos, len(post.photos)) == ("a cat walks", "1", 1)
        assert post.photos[0].path.read_bytes() == photo
        assert "Done" in end.text
        (video,) = videos
        assert video.reply_to == sent.message_id
        assert (video.width, video.height, video.duration, video.streaming) == (320, 180, 1, True)
        assert video.text == "a cat walks"
        assert video.path is not None
        assert video.path.read_bytes() == here.genaipro.video_file(post.video_ids[0]).read_bytes()

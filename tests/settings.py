"""Settings that no environment and no file has a say in."""

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot.settings import Settings


class FixedSettings(Settings):
    """Settings from arguments alone."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave the arguments as the only source."""
        return (init_settings,)

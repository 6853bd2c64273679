from services.store.database import Database


async def test_the_tables_are_made_on_a_real_postgresql(postgres_database: Database) -> None:
    assert not postgres_database.is_sqlite
    await postgres_database.ping()

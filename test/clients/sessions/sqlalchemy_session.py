import os

import sqlalchemy as sa
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()


class Author(Base):
    __tablename__ = "authors"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(50), nullable=False, unique=True)
    books = relationship("Book", back_populates="author", cascade="all, delete-orphan")


class Book(Base):
    __tablename__ = "books"
    id = sa.Column(sa.Integer, primary_key=True)
    author_id = sa.Column(sa.ForeignKey("authors.id", ondelete="CASCADE"), index=True)
    title = sa.Column(sa.Text)
    price = sa.Column(sa.Numeric(8, 2), server_default="0")
    author = relationship("Author", back_populates="books")


engine = sa.create_engine("postgresql+psycopg2://{PGUSER}@{PGHOST}:{PGPORT}/{PGDATABASE}".format(
    **os.environ))
Base.metadata.create_all(engine)
Base.metadata.create_all(engine)  # finds what is there
with Session(engine) as session:
    session.add(Author(name="Ann", books=[Book(title="One"), Book(title="Two", price=5)]))
    session.add(Author(name="Bob"))
    session.commit()
    rows = session.execute(
        sa.select(Author.name, sa.func.count(Book.id)).outerjoin(Book).group_by(Author.name)
        .order_by(Author.name)).all()
    assert rows == [("Ann", 2), ("Bob", 0)], rows
    ann = session.query(Author).filter_by(name="Ann").one()
    ann.books[0].title = "Changed"
    session.commit()
    session.delete(ann)
    session.commit()
    assert session.query(Book).count() == 0
inspector = sa.inspect(engine)
assert sorted(inspector.get_table_names()) == ["authors", "books"]
assert [c["name"] for c in inspector.get_columns("books")] == ["id", "author_id", "title", "price"]
assert inspector.get_pk_constraint("books")["constrained_columns"] == ["id"]
assert inspector.get_foreign_keys("books")[0]["referred_table"] == "authors"
assert inspector.get_indexes("books")[0]["name"] == "ix_books_author_id"
assert inspector.get_unique_constraints("authors")[0]["column_names"] == ["name"]
reflected = sa.MetaData()
reflected.reflect(engine)
assert str(reflected.tables["books"].c.price.type) == "NUMERIC(8, 2)"
Base.metadata.drop_all(engine)

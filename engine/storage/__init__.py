"""The database: the only package that imports SQLAlchemy.

Reads in the order a write travels: `database` (the door), `writer` (the queue), `batch` (one
transaction for all that wait), `transaction` and `statements` (what an operation may use);
`sqlite` and `postgres` say how each kind of database is connected.
"""

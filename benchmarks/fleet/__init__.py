"""A fleet of secrets on one PostgreSQL and one MySQL: does a rotation cost the same among 500 as it does alone?"""

"""Given a query, which ten? The only room where plan, snapshot and ranking meet."""

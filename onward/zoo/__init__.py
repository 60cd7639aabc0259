"""Small models this project trained itself, each with a card that says how, on what, and how good it is."""

"""What selling costs and returns: pay, customers' lifetimes, seats, vacancies, hiring paces."""

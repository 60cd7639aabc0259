"""What `table` and `kaggle` share: folds, members, the blend, measures by name, leaks and drift.

Read `challenge.py` for what is to be predicted, `members.py` for what predicts it, `course.py` for the loop.
"""

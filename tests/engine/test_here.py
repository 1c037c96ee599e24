"""This process; what every executor promises is in ``test_executor.py``."""

from limner.engine.here import Here


def test_a_piece_is_worked_on_when_its_result_is_asked_for():
    begun = []

    def work(piece):
        begun.append(piece)
        return piece

    results = Here().map(work, [1, 2, 3])
    assert begun == []
    assert next(results) == 1
    assert begun == [1]

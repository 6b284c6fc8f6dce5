"""All interleavings: the layer's real code against a model of Secrets Manager and of a database, in every order.

    model = Model(Deployment(MySQL, SingleUser))
    found = model.explore(model.after(Step.CREATE_SECRET), Process("1", "A"), Process("2", "A"), deaths=1)
    assert not found.broken, found

The code of a step is run up to its next call or statement, each of which is one atomic operation on an immutable state
(`state`, `replay`). What an operation does is decided by the lab's Secrets Manager (`secrets_manager`) and by the rules
of a database server (`database`), which tests hold to real ones. `explorer` goes through all orders in which several
processes can do their operations, and `promise` says what must hold in each state that is reached.
"""

from lab.interleavings.deployment import Deployment
from lab.interleavings.exploration import Findings, Model
from lab.interleavings.processes import Process

__all__ = ["Deployment", "Findings", "Model", "Process"]

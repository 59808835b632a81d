"""Trees of any boosting as one node of the graph: ai.onnx.ml.TreeEnsemble, version 5."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from onnx import numpy_helper
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor

from ..arrays import Array
from .graph import Graph
from .scaled import Native
from .table import Levels

__all__ = [
    "FOREST",
    "forest_trees",
    "add_trees",
    "histogram_trees",
    "plain_trees",
    "with_questions",
]

FOREST = (RandomForestRegressor, ExtraTreesRegressor, DecisionTreeRegressor)
_LESS_OR_EQUAL, _MEMBER = 0, 6  # codes of the operator
_SUM, _NO_POST_TRANSFORM = 1, 0
_OF_NODES = (
    "nodes_featureids",
    "nodes_modes",
    "nodes_splits",
    "nodes_missing_value_tracks_true",
    "nodes_truenodeids",
    "nodes_trueleafs",
    "nodes_falsenodeids",
    "nodes_falseleafs",
)
_WORD = 32  # bits in scikit-learn's sets
_MOST_BITS = 64  # the codes that onnxruntime compares with a set in one step
_QUESTIONS = 6  # that a number up to 64 answers


@dataclass(frozen=True)
class Tree:
    """A tree by its nodes, the root first; each array has shape (nodes,).

    Attributes
    ----------
    is_leaf : array of bool
    feature : array of int
    threshold : array of float64
        A value up to it goes to the side `true`.
    true, false : array of int
        The nodes below.
    value : array of float64
        Of a leaf.
    missing : array of bool, or None
        Whether NaN goes to the side `true`; None where no value is missing.
    members : mapping of node to the codes that go to its side `true`
        Of nodes that compare no threshold; what is missing has a code that is no member.
    """

    is_leaf: Array
    feature: Array
    threshold: Array
    true: Array
    false: Array
    value: Array
    missing: Array | None = None
    members: Mapping[int, list[float]] = field(default_factory=dict)


def add_trees(graph: Graph, columns: str, trees: Iterable[Tree]) -> str:
    """Return the tensor of shape (rows,) that is the sum of the trees of `columns`."""
    graph.needs_opset("ai.onnx.ml", 5)
    total = graph.add(
        "TreeEnsemble",
        columns,
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=_SUM,
        post_transform=_NO_POST_TRANSFORM,
        **_attributes(trees),
    )
    return graph.add("Squeeze", total, graph.indices([1]))


def plain_trees(estimator: GradientBoostingRegressor) -> list[Tree]:
    """Return the trees of gradient boosting, with its learning rate in their leaves."""
    trees = [one.tree_ for one in estimator.estimators_[:, 0]]
    return [_tree(tree, estimator.learning_rate) for tree in trees]


def forest_trees(estimator: Any) -> list[Tree]:
    """Return the trees of a forest, or the only one, with their share of the mean in the leaves."""
    trees = [one.tree_ for one in getattr(estimator, "estimators_", [estimator])]
    return [_tree(tree, 1.0 / len(trees)) for tree in trees]


def _tree(tree: Any, share: float) -> Tree:
    return Tree(
        tree.children_left < 0,
        tree.feature,
        tree.threshold,
        tree.children_left,
        tree.children_right,
        share * tree.value[:, 0, 0],
    )


def histogram_trees(estimator: HistGradientBoostingRegressor) -> list[Tree]:
    """Return the trees of histogram boosting, with what it starts from in the first one.

    They take the columns of categories first, as codes from 1 with 0 for what is missing.
    """
    known_sets, place = estimator._bin_mapper.make_known_categories_bitsets()
    start = float(np.ravel(estimator._baseline_prediction)[0])
    trees = []
    for (predictor,) in estimator._predictors:
        nodes = predictor.nodes
        true, false = nodes["left"].astype(int), nodes["right"].astype(int)
        to_left, members = nodes["missing_go_to_left"].astype(bool), {}
        is_leaf = nodes["is_leaf"].astype(bool)
        for node in np.flatnonzero((nodes["is_categorical"] == 1) & ~is_leaf).tolist():
            left = _members(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]])
            known = _members(known_sets[place[nodes["feature_idx"][node]]])
            if to_left[node]:  # so the others are the members
                true[node], false[node] = false[node], true[node]
            wanted = known - left if to_left[node] else left & known
            members[node] = [code + 1.0 for code in sorted(wanted)]
            to_left[node] = False
        trees.append(
            Tree(
                is_leaf,
                nodes["feature_idx"].astype(int),
                nodes["num_threshold"],
                true,
                false,
                nodes["value"] + start,
                to_left,
                members,
            )
        )
        start = 0.0
    return trees


def with_questions(graph: Graph, native: Native, trees: Sequence[Tree]) -> tuple[str, list[Tree]]:
    """Let trees ask about large codes in one step; return their columns and the trees.

    onnxruntime keeps a set of codes up to 64 as bits, and walks through a larger one number by
    number. So what the trees ask of a field with more levels becomes columns of their own, which
    are looked up: each holds the answers to six questions, as a number from 1 to 64.
    """
    asked: dict[int, dict[tuple[float, ...], int]] = {}
    for tree in trees:
        for node, members in tree.members.items():
            if members[-1] > _MOST_BITS:
                questions = asked.setdefault(int(tree.feature[node]), {})
                questions.setdefault(tuple(members), len(questions))
    if not asked:
        return native.tensor, list(trees)
    columns: list[Levels] = []
    begin: dict[int, int] = {}
    for feature, questions in sorted(asked.items()):
        begin[feature] = native.columns + len(columns)
        sets = [frozenset(question) for question in questions]
        for first in range(0, len(sets), _QUESTIONS):
            answers = _answers(sets[first : first + _QUESTIONS])
            columns.append(native.codes[feature].map(answers))
    tensor = graph.add("Concat", native.tensor, native.look_up(columns), axis=1)
    return tensor, [_asking(tree, asked, begin) for tree in trees]


def _answers(questions: Sequence[frozenset[float]]) -> Callable[[float], float]:
    return lambda code: 1.0 + sum(1 << bit for bit, of in enumerate(questions) if code in of)


def _asking(
    tree: Tree, asked: Mapping[int, Mapping[tuple[float, ...], int]], begin: Mapping[int, int]
) -> Tree:
    """Return the tree with its questions about large codes put to their columns."""
    feature, changed = tree.feature.copy(), dict(tree.members)
    for node, members in tree.members.items():
        of = int(tree.feature[node])
        if of in asked and tuple(members) in asked[of]:
            column, bit = divmod(asked[of][tuple(members)], _QUESTIONS)
            feature[node] = begin[of] + column
            changed[node] = [1.0 + n for n in range(1 << _QUESTIONS) if n >> bit & 1]
    return replace(tree, feature=feature, members=changed)


def _members(words: Array) -> set[int]:
    bits = [(word, bit) for word in range(len(words)) for bit in range(_WORD)]
    return {word * _WORD + bit for word, bit in bits if int(words[word]) >> bit & 1}


def _attributes(trees: Iterable[Tree]) -> dict[str, Any]:
    """Write the trees as the attributes of the operator; a tree of one leaf gets a node above."""
    written: list[tuple[Any, ...]] = []  # a node each, as _OF_NODES says
    members: list[float] = []
    weights: list[float] = []
    roots: list[int] = []
    tracks_missing = False
    for tree in trees:
        nodes = np.flatnonzero(~tree.is_leaf).tolist()
        number = {node: len(written) + i for i, node in enumerate(nodes)}
        roots.append(len(written))
        tracks_missing |= tree.missing is not None
        if not nodes:
            written.append((0, _LESS_OR_EQUAL, 0.0, 0, len(weights), 1, len(weights), 1))
            weights.append(float(tree.value[0]))
        for node in nodes:
            mode, split = _LESS_OR_EQUAL, float(tree.threshold[node])
            if node in tree.members:
                mode, split = _MEMBER, 0.0
                members += [*tree.members[node], np.nan]
            sides: list[int] = []
            for child in (int(tree.true[node]), int(tree.false[node])):
                sides += [number.get(child, len(weights)), int(child not in number)]
                if child not in number:
                    weights.append(float(tree.value[child]))
            missing = int(tree.missing is not None and tree.missing[node])
            written.append((int(tree.feature[node]), mode, split, missing, *sides))
    columns = map(list, zip(*written, strict=True))
    attributes: dict[str, Any] = dict(zip(_OF_NODES, columns, strict=True))
    if not tracks_missing:
        del attributes["nodes_missing_value_tracks_true"]
    tensors = {
        "nodes_modes": np.array(attributes["nodes_modes"], np.uint8),
        "nodes_splits": np.array(attributes["nodes_splits"]),
        "leaf_weights": np.array(weights),
    }
    if members:
        tensors["membership_values"] = np.array(members)
    attributes |= {name: numpy_helper.from_array(values) for name, values in tensors.items()}
    return attributes | {"leaf_targetids": [0] * len(weights), "tree_roots": roots}

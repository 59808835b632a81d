"""The quadratic member: scikit-learn's support vectors, and one form that gives the same."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.utils.estimator_checks import parametrize_with_checks

from regression_model.training.steps.quadratic import QuadraticForm, QuadraticSVR, RangeClipper

ROWS, FEATURES = 80, 6


def rows_and_target(seed: Any = 0) -> Any:
    """Return random rows and a target with a product of two features in it."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(ROWS, FEATURES))
    return rows, 12.0 + rows[:, 0] + 0.5 * rows[:, 1] * rows[:, 2] + random.normal(0, 0.1, ROWS)


# scikit-learn offers all of its checks; one asks for an environment variable and skips itself.
@parametrize_with_checks([QuadraticSVR(), RangeClipper()])
def test_scikit_learn_finds_what_it_expects(estimator: Any, check: Any) -> None:
    """Cloning, pickling, bad input, names of features and all the rest."""
    check(estimator)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.01, 100.0),
    st.floats(1e-5, 1.0),
    st.floats(0.0, 5.0),
    st.floats(0.0, 1.0),
    st.integers(0, 1000),
)
def test_the_form_gives_what_scikit_learn_computes_with_support_vectors(
    C: Any, gamma: Any, coef0: Any, epsilon: Any, seed: Any
) -> None:
    """Whatever the settings, on the rows it was fitted on and on others."""
    rows, target = (part[:40] for part in rows_and_target(seed))
    settings_ = {"C": C, "gamma": gamma, "coef0": coef0, "epsilon": epsilon}
    machine = SVR(kernel="poly", degree=2, **settings_).fit(rows, target)
    member = QuadraticSVR(**settings_).fit(rows, target)

    others = 3.0 * rows_and_target(seed + 1)[0]
    for some in (rows, others):
        expected = machine.predict(some)
        scale = (
            np.abs(machine.dual_coef_).sum() * (gamma * np.abs(some @ rows.T).max() + coef0) ** 2
        )
        np.testing.assert_allclose(member.predict(some), expected, rtol=1e-12, atol=1e-13 * scale)


def test_the_form_has_every_square_and_every_product() -> None:
    """A product of two features is learnt without being told of it."""
    rows, target = rows_and_target()

    form = QuadraticSVR(C=100.0, gamma=0.05, epsilon=0.01).fit(rows, target).form()

    products = np.abs(np.triu(2 * form.curvature, 1))
    assert (1, 2) == np.unravel_index(products.argmax(), products.shape)
    assert products[1, 2] == pytest.approx(0.5, abs=0.1)
    np.testing.assert_allclose(form.curvature, form.curvature.T, atol=1e-12)


forms = st.builds(
    lambda seed, is_linear: QuadraticForm(
        np.random.default_rng(seed).normal(size=3),
        float(seed % 7),
        None if is_linear else np.cov(np.random.default_rng(seed).normal(size=(3, 9))),
    ),
    st.integers(0, 10**6),
    st.booleans(),
)


@given(forms, forms, st.floats(-3.0, 3.0))
def test_forms_add_up_as_their_values_do(one: Any, other: Any, share: Any) -> None:
    """Linear or quadratic, in any mixture."""
    rows = np.random.default_rng(1).normal(size=(5, 3))

    total = one.times(share) + other

    np.testing.assert_allclose(total(rows), share * one(rows) + other(rows), atol=1e-12)
    assert (total.curvature is None) == (one.curvature is None and other.curvature is None)


@given(forms)
def test_a_form_of_scaled_columns_is_a_form_of_the_raw_ones(form: Any) -> None:
    """The scaler folds into it."""
    raw = np.random.default_rng(2).normal([1970.0, 5.0, 9000.0], [30.0, 2.0, 4000.0], size=(50, 3))
    scaler = StandardScaler().fit(raw)

    folded = form.before_scaling(scaler.mean_, scaler.scale_)

    np.testing.assert_allclose(folded(raw), form(scaler.transform(raw)), atol=1e-10)


@pytest.mark.parametrize(
    "parameters", [{"gamma": 1e200}, {"coef0": 1e200}, {"C": 1e308}, {"gamma": 1e100, "C": 1e150}]
)
def test_what_overflows_is_refused_in_one_sentence(parameters: Any) -> None:
    """Instead of an endless search for support vectors."""
    rows, target = rows_and_target()

    with pytest.raises(ValueError, match="^the quadratic member overflows .*: lower its gamma"):
        QuadraticSVR(**parameters).fit(rows, target)


def test_an_unfitted_member_has_no_form() -> None:
    """And says so as scikit-learn does."""
    with pytest.raises(NotFittedError):
        clone(QuadraticSVR()).form()


def test_columns_are_clipped_to_the_range_that_they_had() -> None:
    """Each to its own, and values inside are what they were."""
    rows = np.array([[0.0, 10.0], [1.0, 30.0], [2.0, 20.0]])
    clipper = RangeClipper().fit(rows)

    assert (clipper.transform(rows) == rows).all()
    others = clipper.transform([[-1.0, 15.0], [1.5, 1e300], [2.0, 9.0]])
    assert [[0.0, 15.0], [1.5, 30.0], [2.0, 10.0]] == others.tolist()

"""The lines for Ray in docs/clusters.md, where Ray is installed."""

import re
from pathlib import Path
from typing import Any

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "clusters.md"


@pytest.mark.filterwarnings("ignore")
def test_the_lines_for_ray_predict(
    scoring_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row of a data set, as the page has it."""
    ray: Any = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    (tmp_path / "sales").mkdir()
    monkeypatch.chdir(tmp_path)
    options = csv.ConvertOptions(strings_can_be_null=True, null_values=["NA", ""])
    table = csv.read_csv(scoring_file, convert_options=options).slice(0, 200)
    pq.write_table(table, tmp_path / "sales" / "a.parquet")
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Ray")[2]
    code = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert code is not None
    ray.init(num_cpus=1, include_dashboard=False, logging_level="error", log_to_driver=False)
    try:
        exec(compile(code[1], "clusters.md", "exec"), {"__name__": "sample"})
    finally:
        ray.shutdown()
    predicted = pq.read_table(tmp_path / "prices")
    assert predicted["Id"].to_pylist() == table["Id"].to_pylist()
    assert predicted["prediction"].null_count == 0

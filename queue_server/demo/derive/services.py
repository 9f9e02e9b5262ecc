"""Makes `data/ward-services.json` and `data/seal-services.json`: services, each with real procedures it stands for.

    python -m queue_server.demo.derive.services PROCEDURES.csv queue_server/demo/data

Which procedures belong to which service is our choice and stands below; codes, names and fields are copied from the
list. A code that the list does not hold ends the script: nothing is invented. `other` marks services that exist at
every centre without being procedures.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

# Series letters only from A C H K L M N X: the others rhyme or look alike when called. Planning permission shares the
# land series, as it does at many centres: a series is not a service.
CHOICE: list[dict[str, Any]] = [
    {
        "code": "chung-thuc", "series": "A", "vi": "Chứng thực", "en": "Certified copies and signatures", "minutes": 5,
        "procedures": ["2.000815", "2.000884", "2.000942", "2.001035", "2.001406", "2.001019", "2.000908"],
    },
    {
        "code": "ho-tich", "series": "C", "vi": "Hộ tịch", "en": "Birth, marriage, death", "minutes": 12,
        "procedures": ["1.001193", "1.000894", "1.000656", "1.004873", "2.000635", "1.004859", "1.004884", "1.001022", "2.001263"],
    },
    {
        "code": "dat-dai", "series": "H", "vi": "Đất đai", "en": "Land", "minutes": 18,
        "procedures": ["1.013978", "1.012796", "1.012817", "1.013949", "1.013953", "1.012812"],
    },
    {
        "code": "xay-dung", "series": "H", "vi": "Xây dựng, quy hoạch", "en": "Building and planning", "minutes": 15,
        "procedures": ["1.013225", "1.013229", "1.013227", "1.013228", "1.014159"],
    },
    {
        "code": "kinh-doanh", "series": "K", "vi": "Hộ kinh doanh, hợp tác xã", "en": "Household business, cooperatives", "minutes": 12,
        "procedures": ["1.001612", "2.000720", "1.001570", "1.001266", "2.000575", "2.002637", "2.002639"],
    },
    {
        "code": "chinh-sach", "series": "L", "vi": "Bảo trợ xã hội, chính sách", "en": "Social support", "minutes": 12,
        "procedures": ["1.011607", "1.011608", "1.011609", "3.000412", "1.001601", "2.000740"],
    },
    {
        "code": "cu-tru", "series": "M", "vi": "Cư trú, căn cước", "en": "Residence and identity card", "minutes": 10,
        "procedures": ["1.004222", "1.004194", "1.010041", "1.010038", "1.014061", "1.014063", "1.014064", "1.012566"],
    },
    {
        "code": "nhan-ket-qua", "series": "N", "vi": "Nhận kết quả", "en": "Collect a result", "minutes": 4,
        "procedures": [], "other": True,
    },
    {
        "code": "huong-dan", "series": "X", "vi": "Hướng dẫn, việc khác", "en": "Help, other matters", "minutes": 4,
        "procedures": [], "other": True,
    },
]  # fmt: skip

SEALS: list[dict[str, Any]] = [
    {
        "code": "con-dau", "series": "C", "vi": "Đăng ký mẫu con dấu", "en": "Registration of seals", "minutes": 30,
        "procedures": ["2.001428", "2.001410"],
    },
]  # fmt: skip


def chosen(choices: list[dict[str, Any]], rows: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
    """The services with their procedures looked up."""
    services = []
    for choice in choices:
        service = {key: value for key, value in choice.items() if key not in ("procedures", "vi", "en")}
        service["names"] = {"vi": choice["vi"], "en": choice["en"]}
        service["procedures"] = [
            {"code": code, "name": rows[code]["name"], "field": rows[code]["field"], "online": rows[code]["online"] == "có"}
            for code in choice["procedures"]
        ]
        services.append(service)
    return services


def main(path: str, folder: str) -> None:
    with open(path, encoding="utf-8", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    for name, choices in (("ward-services", CHOICE), ("seal-services", SEALS)):
        text = json.dumps({"services": chosen(choices, rows)}, ensure_ascii=False, indent=1)
        (Path(folder) / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

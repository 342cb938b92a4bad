import csv
import io
import random
import resource
import time
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from core import cells
from core.cells import read_day, read_table, safe_cell, write_csv, write_xlsx

HEADINGS = ["姓名", "手机号", "任职日期"]
LINE = ["张三", "13812342746", "2026-11-24"]
SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'


def upload(content, name="名单.xlsx"):
    return SimpleUploadedFile(name, content)


def workbook(*rows, change=None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repack(content, *, parts=None, compression=zipfile.ZIP_DEFLATED):
    """The same archive with some parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", compression) as new:
        contents = {name: old.read(name) for name in old.namelist()} | (parts or {})
        for name, part in contents.items():
            new.writestr(name, part)
    return out.getvalue()


def with_sheet(xml):
    return repack(workbook(HEADINGS, LINE), parts={"xl/worksheets/sheet1.xml": SHEET.format(xml)})


def refusal(content, **options):
    with pytest.raises(ValidationError) as refused:
        read_table(upload(content), HEADINGS, **options)
    assert refused.value.code
    return refused.value.code, "".join(refused.value.messages)


class TestReading:
    def test_rows_come_by_heading_with_their_number_in_the_sheet(self):
        rows = read_table(
            upload(workbook(HEADINGS, LINE, ["", None, ""], ["李四", "13900000001", ""])), HEADINGS
        )

        assert [row.number for row in rows] == [2, 4]
        assert rows[0].cells == dict(zip(HEADINGS, LINE, strict=True))
        assert rows[1].cells["姓名"] == "李四"

    def test_merged_title_rows_above_the_headings_are_skipped(self):
        def merge(book):
            book.active.merge_cells("A2:D2")

        content = workbook(
            [], ["云岭县代表名册"], ["填报单位：", "云岭镇"], ["序号", *HEADINGS], [1, *LINE], change=merge
        )
        rows = read_table(upload(content), HEADINGS)

        assert [(row.number, row.cells) for row in rows] == [(5, dict(zip(HEADINGS, LINE, strict=True)))]

    def test_headings_with_marks_and_hints_in_another_order_with_other_columns_between(self):
        content = workbook(
            ["任职日期", "备注", "姓 名*", "手机号（11位）"], ["2026-11-24", "x", "张三", "13812342746"]
        )

        assert read_table(upload(content), HEADINGS)[0].cells == dict(zip(HEADINGS, LINE, strict=True))

    def test_numbers_dates_and_truth_come_as_plain_text(self):
        content = workbook(
            [*HEADINGS, "票数", "比例", "在任", "时间"],
            ["张三", 13812342746, date(2026, 11, 24), 12, 0.5, True, datetime(2026, 11, 24, 9, 30)],  # noqa: DTZ001
        )
        row = read_table(upload(content), HEADINGS, optional=["票数", "比例", "在任", "时间"])[0]

        assert row.cells == {
            **dict(zip(HEADINGS, LINE, strict=True)),
            "票数": "12",
            "比例": "0.5",
            "在任": "是",
            "时间": "2026-11-24 09:30",
        }

    def test_dates_of_the_1904_system_are_the_same_days(self):
        def since_1904(book):
            book.epoch = CALENDAR_MAC_1904
            book.active["C2"] = date(2026, 11, 24)

        content = workbook(HEADINGS, ["张三", "13812342746"], change=since_1904)

        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert b'date1904="1"' in archive.read("xl/workbook.xml")
        assert read_table(upload(content), HEADINGS)[0].cells["任职日期"] == "2026-11-24"

    @pytest.mark.parametrize(
        "typed",
        [
            "2026-11-24",
            "2026/11/24",
            "2026.11.24",
            "2026年11月24日",
            "２０２６－１１－２４",
            "20261124",
            " 2026-11-24 ",
        ],
    )
    def test_text_dates_are_understood_as_people_write_them(self, typed):
        assert read_day(typed) == date(2026, 11, 24)

    @pytest.mark.parametrize(
        "typed", ["", "2026-02-30", "2026-13-01", "昨天", "11/24/2026", "0000-01-01", "1" * 5000]
    )
    def test_other_text_is_no_date_and_says_how_to_write_one(self, typed):
        with pytest.raises(ValidationError, match="2026-11-24"):
            read_day(typed)

    def test_full_width_digits_fold_and_chinese_punctuation_stays(self):
        content = workbook(HEADINGS, ["张三（女）", "１３８１２３４２７４６", "　2026-11-24 "])

        assert read_table(upload(content), HEADINGS)[0].cells == {
            "姓名": "张三（女）",
            "手机号": "13812342746",
            "任职日期": "2026-11-24",
        }

    def test_the_sheet_with_the_headings_is_found_among_others(self):
        def second_sheet(book):
            sheet = book.create_sheet("名册")
            sheet.append(HEADINGS)
            sheet.append(LINE)

        rows = read_table(upload(workbook(["说明"], ["请填第二张表"], change=second_sheet)), HEADINGS)

        assert [row.cells["姓名"] for row in rows] == ["张三"]

    def test_missing_optional_columns_are_empty(self):
        assert (
            read_table(upload(workbook(HEADINGS, LINE)), HEADINGS, optional=["备注"])[0].cells["备注"] == ""
        )

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("separator", [",", "\t", ";"])
    def test_csv_of_every_usual_kind(self, encoding, newline, separator):
        text = newline.join(
            separator.join(line)
            for line in (["名册"], HEADINGS, LINE, ["李,四", "", ""])
            if separator != "," or line[0] != "李,四"
        )
        rows = read_table(upload((text + newline).encode(encoding), "名单.csv"), HEADINGS)

        assert rows[0].cells == dict(zip(HEADINGS, LINE, strict=True))
        assert rows[0].number == 3

    def test_quoted_csv_cells_may_hold_separators_and_line_breaks(self):
        out = io.StringIO()
        csv.writer(out).writerows([HEADINGS, ['张,"三"\n', "13812342746", ""]])

        assert read_table(upload(out.getvalue().encode()), HEADINGS)[0].cells["姓名"] == '张,"三"'

    def test_rare_characters_survive(self):
        rows = read_table(upload(workbook(HEADINGS, ["𠮷䶮㐂·买买提", "", ""])), HEADINGS)

        assert rows[0].cells["姓名"] == "𠮷䶮㐂·买买提"


class TestBrokenFiles:
    def test_old_or_locked_files_are_told_apart(self):
        old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "Workbook".encode("utf-16-le")
        locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "EncryptedPackage".encode("utf-16-le")

        assert refusal(old) == ("old_format", "这是旧版 .xls 文件，请另存为 .xlsx 再上传")
        assert refusal(locked) == ("password", "这个表加了密码，请去掉密码再上传")

    def test_zip_password(self):
        content = bytearray(workbook(HEADINGS, LINE))
        directory = content.rfind(b"PK\x01\x02")
        content[directory + 8] |= 1

        assert refusal(bytes(content))[0] == "password"

    @pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.99])
    def test_truncated(self, kept):
        content = workbook(HEADINGS, LINE)

        assert refusal(content[: int(len(content) * kept)])[0] == "broken"

    def test_zip_bomb_by_ratio_is_refused_before_it_is_unpacked(self):
        bomb = repack(
            workbook(HEADINGS, LINE), parts={"xl/worksheets/sheet2.xml": b"<a>" + b" " * 40_000_000 + b"</a>"}
        )

        assert len(bomb) < 100_000
        assert refusal(bomb)[0] == "bomb"

    def test_zip_bomb_by_declared_size_and_by_number_of_parts(self):
        noise = random.Random(1).randbytes(600_000).hex().encode()
        large = {f"xl/media/{n}.png": noise for n in range(45)}
        many = {f"xl/media/{n}.png": b"x" for n in range(200)}

        assert refusal(repack(workbook(HEADINGS, LINE), parts=large))[0] in ("bomb", "too_big")
        assert refusal(repack(workbook(HEADINGS, LINE), parts=many))[0] == "bomb"

    def test_a_part_larger_than_it_says_is_refused(self):
        content = bytearray(
            repack(workbook(HEADINGS, LINE), parts={"xl/extra.xml": b"<a>" + b"x" * 9000 + b"</a>"})
        )
        entry = content.rfind(b"xl/extra.xml") - 46
        assert content[entry : entry + 4] == b"PK\x01\x02"
        content[entry + 24 : entry + 28] = (10).to_bytes(4, "little")

        assert refusal(bytes(content))[0] == "broken"

    @pytest.mark.parametrize(
        "cells_far_apart",
        [
            '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
            '<row r="1"><c><v>1</v></c></row><row r="1048576">' + "<c/>" * 16383 + "<c><v>1</v></c></row>",
            '<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFC1"/><c><v>1</v></c></row>',
            '<row r="1"><c x="&gt;" r="ZZZ9999999"><v>1</v></c></row>',
        ],
    )
    def test_two_cells_far_apart_do_not_take_gigabytes(self, cells_far_apart):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        assert refusal(with_sheet(cells_far_apart))[0] == "bomb"

        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB

    def test_one_long_string_in_very_many_cells_is_refused(self):
        strings = f"<sst><si><t>{'长' * 30_000}</t></si></sst>"
        line = '<row r="{0}"><c r="A{0}" t="s"><v>0</v></c></row>'
        content = repack(
            workbook(HEADINGS, LINE),
            parts={
                "xl/sharedStrings.xml": strings,
                "xl/worksheets/sheet1.xml": SHEET.format("".join(line.format(n) for n in range(1, 4001))),
            },
            compression=zipfile.ZIP_STORED,
        )

        assert refusal(content)[0] == "bomb"

    @pytest.mark.parametrize("reference", ["A0", "A99999999999", "AAAAAAAAA1", "1A", "甲1", "A1 ", "A-1"])
    def test_impossible_cell_references(self, reference):
        assert refusal(with_sheet(f'<row r="1"><c r="{reference}"><v>1</v></c></row>'))[0] == "broken"

    def test_entities_and_foreign_documents_are_never_expanded(self):
        laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>'
        foreign = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet>&a;</worksheet>'

        for xml in (laughs, foreign, laughs.encode("utf-16")):
            content = repack(workbook(HEADINGS, LINE), parts={"xl/worksheets/sheet1.xml": xml})
            assert refusal(content)[0] == "entities"

    def test_macros(self):
        content = repack(workbook(HEADINGS, LINE), parts={"xl/vbaProject.bin": b"x"})

        assert refusal(content) == ("macros", "这个表带有宏，请另存为不带宏的 .xlsx 再上传")

    def test_links_to_other_files(self):
        content = repack(workbook(HEADINGS, LINE), parts={"xl/externalLinks/externalLink1.xml": b"<x/>"})

        assert refusal(content)[0] == "links"

    @pytest.mark.parametrize("name", ["../evil.xml", "/etc/evil.xml", "xl\\..\\evil.xml", "XL/Workbook.xml"])
    def test_names_that_lead_elsewhere_or_twice_to_one_part(self, name):
        with_strange_name = repack(workbook(HEADINGS, LINE), parts={"xl/stand-in.xml": b"<x/>"})
        padded = name.ljust(len("xl/stand-in.xml"), "x") if len(name) < 15 else name
        content = with_strange_name.replace(b"xl/stand-in.xml", padded.encode())

        assert len(padded) == 15
        assert refusal(content)[0] == "broken"

    @pytest.mark.parametrize("added", [{"content.xml": b"<x/>"}, {"xl/workbook.bin": b"x"}])
    def test_a_file_that_is_two_kinds_at_once(self, added):
        assert refusal(repack(workbook(HEADINGS, LINE), parts=added))[0] == "not_xlsx"

    def test_another_kind_of_archive(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("word/document.xml", "<x/>")

        assert refusal(out.getvalue())[0] == "not_xlsx"

    def test_missing_heading(self):
        assert refusal(workbook(["说明"], ["姓名", "任职日期"], ["张三", ""])) == (
            "missing_heading",
            "第 2 行表头里少了：手机号",
        )

    def test_no_heading_at_all(self):
        assert refusal(workbook(["张三", "13812342746"])) == (
            "no_heading",
            "没有找到表头。表头要有：姓名、手机号、任职日期",
        )

    def test_headings_below_the_first_twenty_rows_are_not_looked_for(self):
        assert refusal(workbook(*[["说明"]] * 20, HEADINGS, LINE))[0] == "no_heading"

    def test_duplicate_heading(self):
        assert refusal(workbook([*HEADINGS, "姓 名"], LINE)) == (
            "duplicate_heading",
            "第 1 行表头里“姓名”出现了不止一次",
        )

    def test_headings_without_rows(self):
        assert refusal(workbook(HEADINGS))[0] == "no_rows"

    def test_too_many_rows(self):
        content = workbook(HEADINGS, *[LINE] * 11)

        assert refusal(content, max_rows=10) == ("too_many_rows", "一次最多 10 行，请分几次导入")
        assert len(read_table(upload(content), HEADINGS, max_rows=11)) == 11

    def test_a_number_too_long_for_a_number_cell_is_said_where_it_stands(self):
        code, message = refusal(workbook(HEADINGS, ["张三", 440524188001010014, ""]))

        assert code == "long_number"
        assert message.startswith("第 2 行第 2 列")

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "empty"),
            (b" \r\n ", "empty"),
            (b"<html><table><tr><td>\xe5\xa7\x93\xe5\x90\x8d", "web_page"),
            (b"\xef\xbb\xbf<?xml version='1.0'?>", "web_page"),
            (b"%PDF-1.7\n\x00\xff\xfe", "not_a_table"),
            (bytes(range(256)), "not_a_table"),
            (b"\xff\xfe\x00", "not_a_table"),
            ('姓名,手机号,任职日期\n张三,"138'.encode(), "broken"),
            (("姓名,手机号,任职日期\n" + "x" * 200_000).encode(), "broken"),
        ],
    )
    def test_files_that_are_no_tables(self, content, code):
        assert refusal(content)[0] == code

    def test_too_large_is_refused_unread(self):
        assert refusal(b"x" * (cells.MAX_BYTES + 1))[0] == "too_big"

    def test_any_damage_is_either_harmless_or_a_clear_refusal(self):
        chance = random.Random(7)
        content = repack(workbook(HEADINGS, *[LINE] * 5), compression=zipfile.ZIP_STORED)
        for _round in range(300):
            damaged = bytearray(content)
            for _hit in range(chance.randint(1, 8)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            with suppress(ValidationError):
                read_table(upload(bytes(damaged)), HEADINGS)

    @given(st.binary(max_size=300))
    def test_any_bytes_are_either_read_or_refused(self, content):
        for start in (b"", b"PK\x03\x04", "姓名,手机号,任职日期\n".encode()):
            with suppress(ValidationError):
                read_table(upload(start + content), HEADINGS)

    def test_ten_thousand_rows_are_read_in_seconds_at_most(self):
        content = workbook(HEADINGS, *[LINE] * 10_000)
        started = time.process_time()

        assert len(read_table(upload(content), HEADINGS, max_rows=10_000)) == 10_000

        assert time.process_time() - started < 3


TRIGGERS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\0=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    " =1",
    "\u200b=1",
    "\ufeff=cmd",
]


class TestWriting:
    @pytest.mark.parametrize("text", TRIGGERS)
    def test_text_that_would_run_gets_an_apostrophe(self, text):
        assert safe_cell(text).startswith("'")

    @given(st.text(max_size=30))
    def test_no_text_begins_with_a_trigger(self, text):
        written = safe_cell(text)

        assert not written.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
        assert not written.startswith(("\t", "\r", "\n", "\0"))

    @pytest.mark.parametrize(
        ("value", "written"),
        [
            (None, ""),
            (True, "是"),
            (False, "否"),
            (-3, -3),
            (0.5, 0.5),
            ("138****2746", "138****2746"),
            ("13812342746", "13812342746"),
            (Decimal("-1.50"), "'-1.50"),
            (date(2026, 11, 24), "2026-11-24"),
            (datetime(2026, 11, 24, 1, 30, tzinfo=UTC), "2026-11-24 09:30"),
            (gettext_lazy("满意"), "满意"),
            ("𠮷\x08田\ud800", "𠮷田"),
        ],
    )
    def test_values(self, value, written):
        assert safe_cell(value) == written

    def test_a_cell_is_no_longer_than_a_spreadsheet_can_hold(self):
        assert len(safe_cell("长" * 40_000)) == cells.LONGEST_CELL
        assert len(safe_cell("=" * 40_000)) == cells.LONGEST_CELL

    def test_csv_is_utf8_for_excel_and_reads_back(self):
        content = b"".join(
            write_csv(HEADINGS, [["=cmd()", "13812342746", date(2026, 11, 24)], ['引"号,', "", "两\n行"]])
        )

        assert content.startswith(b"\xef\xbb\xbf")
        rows = read_table(upload(content), HEADINGS)
        assert b"\r\n'=cmd()," in content
        assert rows[0].cells == {"姓名": "=cmd()", "手机号": "13812342746", "任职日期": "2026-11-24"}
        assert rows[1].cells["姓名"] == '引"号,'

    def test_csv_comes_line_by_line(self):
        taken = []

        def endless():
            while True:
                taken.append(1)
                yield ["x"]

        stream = write_csv(["a"], endless())

        assert [next(stream) for _ in range(4)][2:] == [b"x\r\n"] * 2
        assert len(taken) == 2

    def test_xlsx_holds_text_as_text_and_numbers_as_numbers(self):
        with write_xlsx(["=名", "手机", "数"], [["#N/A", "13812342746", 3], ["=1+1", "007", -2]]) as file:
            sheet = openpyxl.load_workbook(file).active

            assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
                ["'=名", "手机", "数"],
                ["#N/A", "13812342746", 3],
                ["'=1+1", "007", -2],
            ]
            assert {cell.data_type for row in sheet.iter_rows(max_col=2) for cell in row} == {"s"}

    def test_every_trigger_in_every_place_of_an_xlsx_is_text(self):
        with write_xlsx(TRIGGERS, [TRIGGERS, TRIGGERS]) as file:
            for row in openpyxl.load_workbook(file).active.iter_rows():
                assert all(cell.data_type == "s" and str(cell.value).startswith("'") for cell in row)

# SPDX-License-Identifier: Apache-2.0
"""The panel modules as files: no fault, no syntax newer than PHP 7.4, the same texts in both languages, templates that
Smarty renders without letting anything through unescaped, and zips that hold the shared files."""
import json
import pathlib
import shutil
import subprocess
import zipfile

import pytest

from panel import ROOT, modules

PACKAGE = pathlib.Path(__file__).resolve().parent / "npm"
SMARTY = pathlib.Path("/usr/share/php/smarty4/Smarty.class.php")
FILES = sorted((ROOT / "provisioning" / "panels").rglob("*.php"))
NEWER = {
    "match": "$a = match(1) { 1 => 2 };", "nullsafe": "$a?->b;", "named": "f(a: 1);",
    "union": "function f(int|string $a) {}", "promotion": "class A { function __construct(private int $a) {} }",
    "enum": "enum A { case B; }", "readonly": "class A { public readonly int $a; }",
    "first class callable": "$f = strlen(...);", "throw": "$a = $b ?? throw new E();", "catch": "try {} catch (E) {}",
    "static": "function f(): static {}", "new": "function f($a = new B) {}", "comma": "function f($a,) {}",
    "never": "function f(): never {}", "mixed": "function f(mixed $a) {}", "function": "str_contains($a, 'b');",
}

pytestmark = pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")


def php(code, *words):
    done = subprocess.run(["php", "-d", "error_reporting=-1", "-d", "display_errors=stderr", "-r", code, *map(str, words)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    """What the pinned parser finds in files that PHP 7.4 does not know."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json", "syntax.js"):
        shutil.copy(PACKAGE / name, folder)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    return lambda *files: subprocess.run(["node", "syntax.js", *map(str, files)], cwd=folder, check=True,
                                         capture_output=True, text=True).stdout


def test_php_finds_no_fault():
    assert len(FILES) >= 15
    for file in FILES:
        done = subprocess.run(["php", "-l", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_nothing_is_newer_than_php_7_4(newer, tmp_path):
    assert newer(*FILES) == ""
    for name, code in NEWER.items():  # … and the check can fail
        file = tmp_path / "newer.php"
        file.write_text(f"<?php\n{code}\n")
        assert "newer.php:" in newer(file), name


def test_both_languages_say_the_same_things():
    texts = ROOT / "provisioning/panels/lib/Texts.php"
    keys = [json.loads(php("require $argv[1]; echo json_encode(LicenseBridge\\Texts::keys($argv[2]));", texts, language))
            for language in ("english", "turkish")]
    assert keys[0] == keys[1] and len(keys[0]) > 40
    marks = php("require $argv[1]; foreach (LicenseBridge\\Texts::keys('en') as $key) { $count = []; foreach (['en', 'tr'] as $l)"
                " { preg_match_all('/%\\d\\$s/', (new LicenseBridge\\Texts($l))->all()[$key], $found); sort($found[0]);"
                " $count[] = array_unique($found[0]); } if ($count[0] != $count[1]) echo $key, ' '; }", texts)
    assert marks == ""


@pytest.mark.parametrize("signature, seconds, code", [
    ("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 0, 400),  # the signature is good, and the body no notice
    ("v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 300, 400),
    ("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 301, 401),
    ("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1Oe=", 0, 401),
    ("v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 0, 401), ("", 0, 401), ("v1,", 0, 401)])
def test_the_published_vector(signature, seconds, code):
    """Standard Webhooks' own example, as a callback."""
    said = php("require $argv[1]; try { LicenseBridge\\Callback::read(['webhook-id' => 'msg_p5jXN8AQM9LWM0D4loKWxJek',"
               " 'webhook-timestamp' => '1614265330', 'webhook-signature' => $argv[2]], '{\"test\": 2432232314}',"
               " LicenseBridge\\Client::secretsRead('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), 1614265330 + (int) $argv[3]);"
               " } catch (LicenseBridge\\CallbackRefused $refused) { echo $refused->getCode(); }",
               ROOT / "provisioning/panels/lib/Client.php", signature, seconds)
    assert said == str(code)


@pytest.mark.parametrize("language, turkish", [("turkish", True), ("tr", True), ("tr-TR", True), ("TURKISH", True),
                                               ("english", False), ("", False), ("true", False), ("trad", False)])
def test_languages_by_their_names(language, turkish):
    said = php("require $argv[1]; echo (new LicenseBridge\\Texts($argv[2]))->get('title');",
               ROOT / "provisioning/panels/lib/Texts.php", language)
    assert said == ("Lisans" if turkish else "License")


@pytest.mark.skipif(not SMARTY.exists(), reason="Smarty is not installed")
def test_templates_render_and_escape(tmp_path):
    folder = modules() / "whmcs/modules/servers/licensebridge/templates"
    texts = json.loads(php("require $argv[1]; echo json_encode((new LicenseBridge\\Texts('en'))->all());",
                           ROOT / "provisioning/panels/lib/Texts.php"))
    bad = "<script>alert('x')</script>"
    values = {"texts": texts, "serviceid": 8123, "mayMove": True, "license": {
        "status": bad, "active": False, "product": bad, "ip": bad, "key": bad, "until": bad, "last": bad}}
    render = ("require $argv[1]; $s = new Smarty(); $s->setTemplateDir($argv[2]); $s->setCompileDir($argv[3]);"
              "$s->assign(json_decode($argv[4], true)); echo $s->fetch('clientarea.tpl');")
    page = php(render, SMARTY, folder, tmp_path, json.dumps(values))
    assert "<script" not in page and page.count("&lt;script&gt;") == 6
    assert 'name="newip"' in page and 'value="8123"' in page and "Change IP address" in page
    page = php(render, SMARTY, folder, tmp_path, json.dumps(values | {"mayMove": False}))
    assert "newip" not in page
    assert "No order yet." in php(render, SMARTY, folder, tmp_path, json.dumps(values | {"license": []}))


def test_zips_are_complete():
    folder = modules()
    names = zipfile.ZipFile(folder / "license-bridge-whmcs.zip").namelist()
    for name in ("licensebridge.php", "logo.png", "whmcs.json", "hooks.php", "callback.php", "lib/Client.php", "lib/Texts.php", "templates/clientarea.tpl"):
        assert f"modules/servers/licensebridge/{name}" in names
    names = zipfile.ZipFile(folder / "license-bridge-wisecp.zip").namelist()
    for name in ("LicenseBridge.php", "logo.png", "config.php", "lib/Client.php", "lang/tr.php", "pages/configuration.php"):
        assert f"coremio/modules/Product/LicenseBridge/{name}" in names
    assert {"Client.php", "LicenseBridgePlugin.php", "Paymenter.php"} <= set(
        zipfile.ZipFile(folder / "license-bridge-examples.zip").namelist())

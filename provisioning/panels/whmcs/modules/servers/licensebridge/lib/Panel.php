<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * What the module asks of WHMCS: its database, its log, its languages, its server entries. Nothing here speaks to
 * the bridge, and no secret that passes through comes out again.
 */
namespace LicenseBridge\Whmcs;

use LicenseBridge\Client;
use LicenseBridge\Texts;
use LicenseBridge\Trouble;

final class Panel
{
    public const MODULE = 'licensebridge';
    private const SECRET_PARAMS = ['password', 'serverpassword', 'serveraccesshash'];

    private static ?Memory $memory = null;

    public static function memory(): Memory
    {
        if (self::$memory === null) {
            self::$memory = new Memory(\WHMCS\Database\Capsule::connection()->getPdo());
        }
        return self::$memory;
    }

    public static function staffTexts(): Texts
    {
        $admin = isset($_SESSION['adminid']) ? self::memory()->rows('SELECT language FROM tbladmins WHERE id = ?',
            [(int) $_SESSION['adminid']]) : [];
        return new Texts((string) ($admin[0]['language'] ?? $GLOBALS['CONFIG']['Language'] ?? ''));
    }

    public static function clientTexts(array $params): Texts
    {
        $languages = [$_SESSION['Language'] ?? '', $params['clientsdetails']['language'] ?? '',
            $GLOBALS['CONFIG']['Language'] ?? ''];
        return new Texts((string) current(array_filter($languages) ?: ['']));
    }

    /** The bridge as the service's server entry describes it. */
    public static function client(array $params, string $action): Client
    {
        $host = trim((string) ($params['serverhostname'] ?? ''));
        $port = (int) ($params['serverport'] ?? 0);
        if (strpos($host, '://') === false && $port > 0 && $port !== 443 && !preg_match('/:\d+$/', $host)) {
            $host .= ":$port";
        }
        return new Client($host, trim((string) ($params['serverusername'] ?? '')),
            self::plain((string) ($params['serverpassword'] ?? '')), [
                'wait' => trim((string) ($params['configoption9'] ?? '')) === '' ? 15 : (int) $params['configoption9'],
                'patience' => defined('LICENSEBRIDGE_PATIENCE') ? LICENSEBRIDGE_PATIENCE : 50,
                'ca_file' => defined('LICENSEBRIDGE_CA_FILE') ? LICENSEBRIDGE_CA_FILE : '',
                'log' => function (string $what, string $request, string $answer, array $hide) use ($action, $params) {
                    logModuleCall(self::MODULE, "$action $what", $request, $answer, '', self::hide($params, $hide));
                },
            ]);
    }

    /** WHMCS encodes what is a mark of HTML in some fields. */
    private static function plain(string $text): string
    {
        return html_entity_decode($text, ENT_QUOTES);
    }

    private static function hide(array $params, array $hide): array
    {
        foreach (self::SECRET_PARAMS as $name) {
            $value = (string) ($params[$name] ?? '');
            if ($value !== '') {
                array_push($hide, $value, self::plain($value));
                foreach (array_keys(Client::secretsRead(self::plain($value))) as $word) {
                    array_push($hide, (string) $word, substr((string) $word, 6));
                }
            }
        }
        return array_values(array_unique($hide));
    }

    /** A text for staff about what went wrong, and an entry in the module log without any parameter. */
    public static function trouble(array $params, string $action, \Throwable $trouble): string
    {
        $hide = self::hide($params, []);
        $text = str_replace($hide, '***', $trouble->getMessage());
        if (!$trouble instanceof Trouble) {
            $text = get_class($trouble) . ': ' . $text;
        }
        logModuleCall(self::MODULE, $action, 'service ' . (int) ($params['serviceid'] ?? 0), $text, '', $hide);
        return $text;
    }

    /** "success", or a text for staff. */
    public static function carryOut(array $params, string $action, callable $what): string
    {
        try {
            $client = self::client($params, $action);
            return (string) $what(new Work($params, $client, self::memory(), self::staffTexts()));
        } catch (\Throwable $trouble) {
            return self::trouble($params, $action, $trouble);
        }
    }

    public static function clientMayMove(array $params): bool
    {
        return in_array($params['configoption5'] ?? '', ['on', 'yes', '1', 1, true], true);
    }

    /** Whether the change of address that was begun has not ended. */
    public static function stillGoing(array $params): bool
    {
        return self::memory()->operationOpen((int) $params['serviceid'], 'change_ip') !== null;
    }

    /** Every server entry of this module, with the params that client() reads; secrets decrypted by WHMCS. */
    public static function servers(): array
    {
        $servers = [];
        foreach (self::memory()->rows('SELECT * FROM tblservers WHERE type = ?', [self::MODULE]) as $row) {
            $answer = localAPI('DecryptPassword', ['password2' => (string) $row['password']]);
            $servers[] = ['serverhostname' => (string) $row['hostname'], 'serverport' => (string) ($row['port'] ?? ''),
                'serverusername' => (string) $row['username'], 'serverpassword' => (string) ($answer['password'] ?? ''),
                'serveraccesshash' => (string) $row['accesshash']];
        }
        return $servers;
    }
}

<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * WHMCS for the tests: only its own functions, as its documents describe them. The tests put it into an empty
 * folder as init.php, beside the module as it is installed. Its tables are in whmcs.sqlite, made by the tests.
 */
namespace WHMCS\Database {
    class Capsule
    {
        private static ?\PDO $pdo = null;

        public static function connection(): self
        {
            return new self();
        }

        public function getPdo(): \PDO
        {
            if (self::$pdo === null) {
                self::$pdo = new \PDO('sqlite:' . WHMCS_ROOT . '/whmcs.sqlite');
                self::$pdo->setAttribute(\PDO::ATTR_ERRMODE, \PDO::ERRMODE_EXCEPTION);
                self::$pdo->exec('PRAGMA busy_timeout = 5000');
            }
            return self::$pdo;
        }
    }
}

namespace {
    define('WHMCS', true);
    define('WHMCS_ROOT', __DIR__);
    if (getenv('LICENSEBRIDGE_PATIENCE')) {
        define('LICENSEBRIDGE_PATIENCE', (int) getenv('LICENSEBRIDGE_PATIENCE'));
    }
    $CONFIG = ['Language' => getenv('WHMCS_LANGUAGE') ?: 'english'];
    $hooks = [];

    function whmcs_rows(string $sql, array $values = []): array
    {
        $statement = WHMCS\Database\Capsule::connection()->getPdo()->prepare($sql);
        $statement->execute($values);
        return $statement->fetchAll(PDO::FETCH_ASSOC);
    }

    function whmcs_note(string $kind, $what): void
    {
        whmcs_rows('INSERT INTO stub_log (kind, text) VALUES (?, ?)', [$kind, json_encode($what, JSON_UNESCAPED_UNICODE)]);
    }

    function add_hook(string $point, int $priority, callable $function): void
    {
        $GLOBALS['hooks'][$point][] = $function;
    }

    /** Replaces the given strings, as WHMCS does, before anything is kept. */
    function logModuleCall($module, $action, $request, $response, $processed = '', $replace = []): void
    {
        $clean = fn ($text) => str_replace($replace, '*', is_string($text) ? $text : print_r($text, true));
        whmcs_note('module', [$module, $action, $clean($request), $clean($response), $clean($processed)]);
    }

    function logActivity(string $text): void
    {
        whmcs_note('activity', $text);
    }

    function localAPI(string $command, array $values, string $admin = ''): array
    {
        whmcs_note('api', [$command, $values]);
        $functions = ['ModuleCreate' => 'CreateAccount', 'ModuleSuspend' => 'SuspendAccount',
            'ModuleUnsuspend' => 'UnsuspendAccount', 'ModuleTerminate' => 'TerminateAccount'];
        if (isset($functions[$command]) || $command === 'ModuleCustom') {
            $result = whmcs_run($functions[$command] ?? $values['func_name'], (int) ($values['serviceid'] ?? $values['accountid']));
            return $result === 'success' ? ['result' => 'success'] : ['result' => 'error', 'message' => $result];
        }
        if ($command === 'DecryptPassword') {
            return ['result' => 'success', 'password' => base64_decode(substr($values['password2'], 4))];
        }
        return ['result' => 'success'];
    }

    class WhmcsServiceProperties
    {
        private int $id;

        public function __construct(int $id)
        {
            $this->id = $id;
        }

        public function save(array $values): void
        {
            $columns = ['Username' => 'username', 'Dedicated IP' => 'dedicatedip'];
            foreach ($values as $name => $value) {
                if (isset($columns[$name])) {
                    whmcs_rows("UPDATE tblhosting SET {$columns[$name]} = ? WHERE id = ?", [$value, $this->id]);
                } else {
                    whmcs_rows('REPLACE INTO stub_fields (serviceid, name, value) VALUES (?, ?, ?)', [$this->id, $name, $value]);
                }
            }
        }
    }

    /** The parameters that every module function gets. */
    function whmcs_params(int $serviceId): array
    {
        $service = whmcs_rows('SELECT * FROM tblhosting WHERE id = ?', [$serviceId])[0];
        $product = whmcs_rows('SELECT * FROM tblproducts WHERE id = ?', [$service['packageid']])[0];
        $server = whmcs_rows('SELECT * FROM tblservers WHERE id = ?', [$service['server']])[0];
        $model = (object) ($service + ['serviceProperties' => new WhmcsServiceProperties($serviceId)]);
        $fields = array_column(whmcs_rows('SELECT name, value FROM stub_fields WHERE serviceid = ?', [$serviceId]), 'value', 'name');
        return array_diff_key($product, ['id' => 0]) + [
            'serviceid' => $serviceId, 'userid' => 1, 'pid' => $product['id'], 'serverid' => $server['id'],
            'domain' => $service['domain'], 'username' => $service['username'], 'password' => 'a-service-password',
            'model' => $model, 'customfields' => $fields, 'configoptions' => [],
            'clientsdetails' => ['email' => 'client@example.com', 'firstname' => 'A', 'language' => $service['language']],
            'serverhostname' => $server['hostname'], 'serverport' => $server['port'], 'serverusername' => $server['username'],
            'serverpassword' => base64_decode(substr($server['password'], 4)), 'serveraccesshash' => $server['accesshash'],
            'serversecure' => true,
        ];
    }

    /** A module command with what WHMCS does after it: status, welcome mail, module queue. */
    function whmcs_run(string $action, int $serviceId): string
    {
        require_once WHMCS_ROOT . '/modules/servers/licensebridge/licensebridge.php';
        $result = call_user_func("licensebridge_$action", whmcs_params($serviceId));
        $status = ['CreateAccount' => 'Active', 'SuspendAccount' => 'Suspended', 'UnsuspendAccount' => 'Active',
            'TerminateAccount' => 'Terminated'][$action] ?? '';
        whmcs_rows('DELETE FROM stub_queue WHERE serviceid = ? AND action = ?', [$serviceId, $action]);
        if ($result !== 'success') {
            whmcs_rows('INSERT INTO stub_queue (serviceid, action, error) VALUES (?, ?, ?)', [$serviceId, $action, $result]);
        } elseif ($status !== '') {
            whmcs_rows('UPDATE tblhosting SET domainstatus = ? WHERE id = ?', [$status, $serviceId]);
            if ($action === 'CreateAccount') {
                whmcs_note('welcome', $serviceId);
            }
        }
        return $result;
    }
}

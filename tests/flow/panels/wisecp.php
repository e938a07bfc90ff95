<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * WISECP for the tests: only its own classes, as its sample module uses them. The order, the module's settings and
 * the log are in order.json, settings.json and log.jsonl of the folder that the tests made.
 * wisecp.php ROOT METHOD JSON-ARGUMENTS: prints {"result", "error", "order", "output"}.
 */
[, $root, $method, $arguments] = $argv;
define('WISECP_ROOT', $root);
parse_str((string) getenv('WISECP_POST'), $_POST);

class Utility
{
    public static function jencode($what): string
    {
        return json_encode($what, JSON_UNESCAPED_UNICODE);
    }
}

class Filter
{
    public static function init(string $place, string $kind)
    {
        return $_POST[substr($place, 5)] ?? '';
    }

    public static function POST(string $name)
    {
        return $_POST[$name] ?? '';
    }
}

class Orders
{
    public static function set($id, array $columns): void
    {
        $order = json_decode(file_get_contents(WISECP_ROOT . '/order.json'), true);
        foreach ($columns as $name => $value) {
            $order[$name] = $name === 'options' ? json_decode($value, true) : $value;
        }
        file_put_contents(WISECP_ROOT . '/order.json', json_encode($order));
    }
}

class Controllers
{
    public static $init;

    public function getData(string $name): array
    {
        return ['controller' => '/admin/controller'];
    }
}
Controllers::$init = new Controllers();

class ProductModule
{
    public $_name;
    public $order;
    public $options;
    public $config;
    public $lang;
    public $page = '';
    public $error = '';
    public $area_link = '';
    public $val_of_requirements = [];
    public $val_of_conf_opt = [];

    public function __construct()
    {
        $folder = WISECP_ROOT . '/coremio/modules/Product/' . $this->_name;
        $this->order = json_decode(file_get_contents(WISECP_ROOT . '/order.json'), true);
        $this->options = $this->order['options'];
        $this->config = require "$folder/config.php";
        $this->config['settings'] = json_decode(file_get_contents(WISECP_ROOT . '/settings.json'), true) + $this->config['settings'];
        $this->lang = require "$folder/lang/" . (getenv('WISECP_LANGUAGE') ?: 'en') . '.php';
        $this->val_of_requirements = $this->order['requirements'] ?? [];
    }

    public function save_config(array $config): void
    {
        file_put_contents(WISECP_ROOT . '/settings.json', json_encode($config['settings']));
    }

    public function get_page(string $name, array $variables): string
    {
        extract($variables);
        ob_start();
        require WISECP_ROOT . "/coremio/modules/Product/{$this->_name}/pages/$name.php";
        return ob_get_clean();
    }

    public function clientArea_buttons_output(): string
    {
        return implode(' ', array_column($this->clientArea_buttons(), 'text'));
    }

    public static function save_log(...$what): void
    {
        file_put_contents(WISECP_ROOT . '/log.jsonl', json_encode($what, JSON_UNESCAPED_UNICODE) . "\n", FILE_APPEND);
    }
}

require "$root/coremio/modules/Product/LicenseBridge/LicenseBridge.php";
$module = new LicenseBridge();
ob_start();
$result = $module->$method(...json_decode($arguments, true));
$output = ob_get_clean();
if ($method === 'create' && is_array($result)) { // what create returns is saved into the order's options
    $order = json_decode(file_get_contents("$root/order.json"), true);
    $order['options'] = $result + $order['options'];
    file_put_contents("$root/order.json", json_encode($order));
}
echo json_encode(['result' => $result, 'error' => $module->error, 'output' => $output], JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);

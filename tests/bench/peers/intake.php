<?php
// SPDX-License-Identifier: Apache-2.0
// Peer of the front door: PHP behind php-fpm, opcache on, a persistent connection, one round trip a webhook.
// The checks and writes of the bridge.
const TYPES = ['license.create', 'license.renew', 'license.suspend', 'license.unsuspend', 'license.terminate'];
const PAID = ['license.create', 'license.renew'];
const PRODUCTS = ['cpanel', 'litespeed', 'cloudlinux'];
const TEXTS = ['operation_key', 'service_id', 'order_id', 'invoice_id', 'invoice_item_id', 'product_code', 'ip', 'new_ip',
    'period_end', 'license_key', 'customer_email', 'domain', 'hwid', 'reason'];

function answer(int $status, array $body): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    echo json_encode($body);
    exit;
}

function signed(string $id, string $at, string $body): bool
{
    if (!ctype_digit($at) || abs(time() - (int) $at) > 300) {
        return false;
    }
    $key = base64_decode(substr($_SERVER['WEBHOOK_SECRET'], strlen('whsec_')));
    $mine = base64_encode(hash_hmac('sha256', "$id.$at.$body", $key, true));
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $one) {
        if (hash_equals("v1,$mine", $one)) {
            return true;
        }
    }
    return false;
}

function wrong(array $event): ?string
{
    $data = $event['data'] ?? null;
    if (!is_array($data) || !in_array($event['type'] ?? null, TYPES, true)) {
        return 'type';
    }
    if (strtotime($event['timestamp'] ?? '') === false) {
        return 'timestamp';
    }
    foreach (TEXTS as $name) {
        $value = $data[$name] ?? null;
        if ($value !== null && (!is_string($value) || strlen($value) > 255 || str_contains($value, "\0"))) {
            return "data.$name";
        }
    }
    if (($data['service_id'] ?? '') === '') {
        return 'data.service_id';
    }
    if (!in_array($data['product_code'] ?? null, PRODUCTS, true)) {
        return 'data.product_code';
    }
    if (filter_var($data['ip'] ?? '', FILTER_VALIDATE_IP, FILTER_FLAG_IPV4) === false) {
        return 'data.ip';
    }
    if (isset($data['period_end']) && !preg_match('/^\d{4}-\d\d-\d\d$/D', $data['period_end'])) {
        return 'data.period_end';
    }
    if (in_array($event['type'], PAID, true)) {
        if (($data['operation_key'] ?? '') === '') {
            return 'data.operation_key';
        }
        $months = $data['billing_months'] ?? null;
        if (!is_int($months) || $months < 1 || $months > 120) {
            return 'data.billing_months';
        }
    }
    return null;
}

$body = file_get_contents('php://input');
$delivery = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
if (!signed($delivery, $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '', $body)) {
    answer(401, ['title' => 'signature']);
}
$event = json_decode($body, true, 16);
if (!is_array($event)) {
    answer(400, ['title' => 'not JSON']);
}
$field = wrong($event);
if ($field !== null) {
    answer(422, ['title' => 'refused', 'field' => $field]);
}
$type = $event['type'];
$data = $event['data'];
$sense = json_encode([$type, $data['service_id'], $data['product_code'], $data['ip'], $data['billing_months'] ?? null,
    $data['period_end'] ?? null]);
// DISABLE_PREPARES: parameters travel with the statement, in one round trip.
$db = new PDO($_SERVER['DATABASE_DSN'], 'postgres', null, [PDO::ATTR_PERSISTENT => true,
    PDO::PGSQL_ATTR_DISABLE_PREPARES => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$ask = $db->prepare('select * from peer.accept(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)');
$values = ['demo', $delivery, '\x' . hash('sha256', $body), '\x' . bin2hex($body), $_SERVER['REMOTE_ADDR'], $type,
    $data['operation_key'] ?? $delivery, '\x' . hash('sha256', $sense), $data['service_id'], '724license', 'main',
    $data['product_code'], in_array($type, PAID, true) ? 't' : 'f', $data['ip'], $data['billing_months'] ?? null,
    $data['period_end'] ?? null, $data['customer_email'] ?? null, $data['reason'] ?? null, $data['order_id'] ?? null,
    $data['invoice_id'] ?? null, $data['invoice_item_id'] ?? null, $event['timestamp']];
$ask->execute($values);
$order = $ask->fetch(PDO::FETCH_ASSOC);
if ($order['outcome'] === 'conflict') {
    answer(409, ['title' => 'conflict']);
}
header("Location: /v1/orders/{$order['id']}");
answer(202, ['order_id' => $order['id'], 'state' => $order['state']]);

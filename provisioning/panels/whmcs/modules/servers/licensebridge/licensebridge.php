<?php
// SPDX-License-Identifier: Apache-2.0
/**
 * WHMCS server module "licensebridge": the functions that WHMCS calls. What they do stands in lib/.
 *
 * The server entry holds all that is needed to reach the bridge: Hostname its address, Username the source's
 * name, Password the webhook secret, Access Hash (optional) the secrets of its callbacks. None of these, and no
 * password of a service, is ever sent or logged.
 */
if (!defined('WHMCS')) {
    die('This file cannot be accessed directly');
}

require_once __DIR__ . '/lib/load.php';

use LicenseBridge\Client;
use LicenseBridge\Texts;
use LicenseBridge\Whmcs\Panel;
use LicenseBridge\Whmcs\View;
use LicenseBridge\Whmcs\Work;

function licensebridge_MetaData()
{
    return [
        'DisplayName' => 'License Bridge',
        'APIVersion' => '1.1',
        'RequiresServer' => true,
        'DefaultSSLPort' => '443',
        'DefaultNonSSLPort' => '443',
        'ListAccountsUniqueIdentifierDisplayName' => 'Service',
        'ListAccountsUniqueIdentifierField' => 'username',
        'ListAccountsProductField' => 'configoption1',
    ];
}

function licensebridge_ConfigOptions()
{
    return [
        'Product code' => ['Type' => 'text', 'Size' => '30', 'Loader' => 'licensebridge_ProductsLoader',
            'SimpleMode' => true, 'Description' => 'as the bridge names it'],
        'Address field' => ['Type' => 'text', 'Size' => '25', 'Default' => 'IP Address',
            'Description' => 'custom field with the license\'s IP; otherwise Dedicated IP, or a domain that is one'],
        'Months' => ['Type' => 'text', 'Size' => '5', 'Description' => 'only if not from the billing cycle'],
        'Most credits' => ['Type' => 'text', 'Size' => '8', 'Description' => 'an order may not cost more; empty: no limit'],
        'Clients may change the address' => ['Type' => 'yesno', 'SimpleMode' => true],
        'Verification' => ['Type' => 'dropdown', 'Options' => 'none,hwid,domain,ip,all', 'Default' => 'none',
            'Description' => 'Lisans Zone only'],
        'License key field' => ['Type' => 'text', 'Size' => '25', 'Default' => 'License Key',
            'Description' => 'custom field, Lisans Zone only'],
        'Hardware ID field' => ['Type' => 'text', 'Size' => '25', 'Default' => 'Hardware ID',
            'Description' => 'custom field, Lisans Zone only'],
        'Wait' => ['Type' => 'text', 'Size' => '3', 'Default' => '15',
            'Description' => 'seconds that an order\'s end is waited for, at most 25'],
    ];
}

/** The products that the source may order; WHMCS shows the text of an exception. */
function licensebridge_ProductsLoader(array $params)
{
    return Panel::client($params, 'products')->products();
}

function licensebridge_TestConnection(array $params)
{
    try {
        Panel::client($params, 'TestConnection')->ping();
        return ['success' => true, 'error' => ''];
    } catch (\Throwable $trouble) {
        return ['success' => false, 'error' => Panel::trouble($params, 'TestConnection', $trouble)];
    }
}

function licensebridge_CreateAccount(array $params)
{
    return Panel::carryOut($params, 'CreateAccount', fn (Work $work) => $work->create());
}

function licensebridge_SuspendAccount(array $params)
{
    return Panel::carryOut($params, 'SuspendAccount', fn (Work $work) => $work->suspend());
}

function licensebridge_UnsuspendAccount(array $params)
{
    return Panel::carryOut($params, 'UnsuspendAccount', fn (Work $work) => $work->unsuspend());
}

function licensebridge_TerminateAccount(array $params)
{
    return Panel::carryOut($params, 'TerminateAccount', fn (Work $work) => $work->terminate());
}

function licensebridge_Renew(array $params)
{
    return Panel::carryOut($params, 'Renew', fn (Work $work) => $work->renew());
}

function licensebridge_ChangePackage(array $params)
{
    return Panel::carryOut($params, 'ChangePackage', fn (Work $work) => $work->changeProduct());
}

function licensebridge_AdminCustomButtonArray()
{
    $texts = Panel::staffTexts();
    return [
        $texts->get('change_address') => 'changeip',
        $texts->get('new_purchase') => 'newpurchase',
    ];
}

/** Moves the license to the address that staff have put into the service's field. */
function licensebridge_changeip(array $params)
{
    return Panel::carryOut($params, 'ChangeIP', fn (Work $work) => $work->changeAddress($work->addressWanted()));
}

function licensebridge_newpurchase(array $params)
{
    return Panel::carryOut($params, 'NewPurchase', fn (Work $work) => $work->createAnew());
}

/** Only where the product allows it: the button leads to a page with a form. */
function licensebridge_ClientAreaCustomButtonArray(array $params = [])
{
    return Panel::clientMayMove($params) ? [Panel::clientTexts($params)->get('change_address') => 'clientchangeip'] : [];
}

/** The form in the client area calls it without a button; whether the product allows it is asked there. */
function licensebridge_ClientAreaAllowedFunctions()
{
    return ['clientchangeip'];
}

/** Without an address: the form; with one: the change. The client reads no more than what is a client's business. */
function licensebridge_clientchangeip(array $params)
{
    $texts = Panel::clientTexts($params);
    if (!Panel::clientMayMove($params)) {
        return $texts->get('not_allowed');
    }
    $address = isset($_POST['newip']) && is_string($_POST['newip']) ? trim($_POST['newip']) : '';
    if ($address === '') {
        return ['templatefile' => 'templates/changeip', 'breadcrumb' => [
            'clientarea.php?action=productdetails&id=' . (int) $params['serviceid'] => $texts->get('change_address')],
            'vars' => ['texts' => $texts->all(), 'serviceid' => (int) $params['serviceid']]];
    }
    if (filter_var($address, FILTER_VALIDATE_IP) === false) {
        return $texts->get('bad_address', $address);
    }
    $result = Panel::carryOut($params, 'ClientChangeIP', fn (Work $work) => $work->changeAddress($address));
    if ($result === 'success') {
        return 'success';
    }
    return $texts->get(Panel::stillGoing($params) ? 'client_waits' : 'client_failed');
}

function licensebridge_AdminServicesTabFields(array $params)
{
    $texts = Panel::staffTexts();
    try {
        $orders = Panel::client($params, 'service')->serviceOrders((string) (int) $params['serviceid']);
        return [$texts->get('orders') => View::orders($orders, $texts)];
    } catch (\Throwable $trouble) {
        $text = Panel::trouble($params, 'AdminServicesTabFields', $trouble);
        return [$texts->get('orders') => View::text($texts->get('no_view', $text))];
    }
}

function licensebridge_ClientArea(array $params)
{
    $texts = Panel::clientTexts($params);
    try {
        $orders = Panel::client($params, 'service')->serviceOrders((string) (int) $params['serviceid']);
        $license = View::license($orders, $texts);
    } catch (\Throwable $trouble) {
        Panel::trouble($params, 'ClientArea', $trouble);
        $license = [];
    }
    return ['tabOverviewModuleOutputTemplate' => 'templates/clientarea.tpl', 'templateVariables' => [
        'texts' => $texts->all(), 'license' => $license, 'mayMove' => Panel::clientMayMove($params),
        'serviceid' => (int) $params['serviceid']]];
}

/** The source's licenses, for the Server Sync tool. */
function licensebridge_ListAccounts(array $params)
{
    try {
        return ['success' => true,
            'accounts' => View::accounts(Panel::client($params, 'licenses')->licenses())];
    } catch (\Throwable $trouble) {
        return ['success' => false, 'error' => Panel::trouble($params, 'ListAccounts', $trouble)];
    }
}

/** For the callback: carries the service's open renewals and changes to the end that the bridge knows. */
function licensebridge_finish(array $params)
{
    return Panel::carryOut($params, 'Finish', fn (Work $work) => $work->finish());
}

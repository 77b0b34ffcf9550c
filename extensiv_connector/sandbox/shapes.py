"""The shapes of EIM's records: every key it sends, with what it sends when there is nothing to say."""

from datetime import datetime, timezone

ADDRESS_FIELDS = (
    "company",
    "title",
    "first_name",
    "last_name",
    "address_1",
    "address_2",
    "address_3",
    "city",
    "state",
    "zip",
    "country",
    "phone",
    "e_mail",
)
PERSONAL_FIELDS = tuple(field for field in ADDRESS_FIELDS if field not in ("city", "state", "zip", "country"))
PII_REMOVED = "**PII Removed**"

_NULLS = """
    record_no version format cust_ref cust_ref_original cust_po_no cust_po_no_original ship_code
    ship_code_description working_ship_code ship_address_type special_services customer_id order_date
    currency_code credit_card_no expiration_date pay_type tax_exempt_sw installment_program media_week
    order_source promo_code ani_phone vendor_phone check_account_no check_type check_no check_bank_id
    check_cust_bank check_cust_id_num check_cust_id_state check_cust_id_mm check_cust_id_dd check_cust_id_yy
    check_cust_id_type location inventory_warehouse_pk shipping_instructions ship_account_no
    ship_account_zip pre_auth_code pre_auth_id cvv custom_field_1 custom_field_2 custom_field_3
    custom_field_4 custom_field_5 gift_card_sw token_sw cass_code_ship cass_error_ship cass_code_cust
    cass_error_cust cass_date ncoa_code_ship ncoa_code_cust ncoa_date error_code error_msg ifraud_error_code
    xfraud_error_code credit_error_code resubmit_date black_list credit_score fraud_score load_override_sw
    fail_action action_dt filename call_queue clerk_disposition clerk_disp_dt rep_disposition rep_disp_dt
    duplicate_sw weight org_file_no gift_message gift_wrap carrier delete_date sent_to_region
    accepted_by_region regional_center regional_order_no regional_ship_date regional_error first_attempt
    cancel_date cc_last_four po_number expected_delivery_date requested_ship_date latest_ship_date
    delivered_to_wms_date error_reason mark_in_progress_date extra_system_date_sent created_date_time
    updated_date_time
""".split()

_ORDER = dict.fromkeys(_NULLS) | {
    **{f"{kind}_{field}": None for kind in ("cust", "ship") for field in ADDRESS_FIELDS},
    "sub_total": "0.00",
    "order_discount": "0.00",
    "sales_tax": "0.00",
    "shipping_handling": "0.00",
    "grand_total": "0.00",
    "balance": "0.00",
    "pre_auth_amt": "0.00",
    "routing_sw": "N",
    "regional_retry_sw": "N",
    "regional_attempts": "0",
    "sending_canceled": "N",
    "shipping_pickup_canceled": "N",
    "on_hold": "N",
    "order_status": "new",
    "total_qty": "0",
    "num_to_ship": "0",
    "num_shipped": "0",
}

_LINE = {
    "line_no": None,
    "item": None,
    "alt_sku": None,
    "lot_number": None,
    "quantity": "1",
    "price": "0.0000",
    "discount": "0.0000",
    "addl_discount": "0.0000",
    "extended_amount": "0.00",
    "tax": "0.00",
    "shipping_surcharge": "0.00",
    "line_item_id": None,
    "line_comment": None,
    "Description": None,
    "filtered_sku": "N",
    "line_location": "",
}

_BOX = {"box_length_in": None, "box_width_in": None, "box_height_in": None, "package_weight_lbs": None}

_SHIPMENT = {
    "carrier": None,
    "method": None,
    "tracking_no": None,
    "tracking_no_secondary": None,
    "sscc_barcode": None,
    "bill_of_lading": None,
    "total_cost": None,
    "dim_weight_lbs": None,
    "zone": None,
    "delivery_surcharge_type": None,
    "whs_location": None,
    **_BOX,
    "date": None,
    "custom_1": None,
}

_SHIPMENT_ITEM = {
    "item": None,
    "quantity": None,
    "carton_code": None,
    "carton_num": None,
    "lot_code": None,
    "serial_no": None,
    **_BOX,
}


def order_shape() -> dict:
    """Return an order in which every field is there and nothing is said."""
    return {**_ORDER, "items": [], "shipments": []}


def line_shape() -> dict:
    """Return an order line in which nothing is said."""
    return dict(_LINE)


def shipment_shape(received: dict) -> dict:
    """Return a shipment as EIM shows it later, from one as it was ``received``."""
    items = [_SHIPMENT_ITEM | item for item in received.get("items") or ()]
    return _SHIPMENT | received | {"items": items}


def redact(raw: dict) -> None:
    """Blank the personal data of the order ``raw``, as a marketplace demands once an order has shipped."""
    for kind in ("cust", "ship"):
        for field in PERSONAL_FIELDS:
            if raw.get(f"{kind}_{field}"):
                raw[f"{kind}_{field}"] = PII_REMOVED


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def iso(moment: datetime) -> str:
    """Write ``moment`` as EIM does: ``2018-08-27T02:24:58+00:00``."""
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds")


def parse_iso(text: object) -> datetime:
    """Read an ISO 8601 moment that names its zone.

    :raise ValueError: it is no such moment, or it names no zone (as when a ``+`` was not encoded in a query)
    """
    if not isinstance(text, str):
        raise ValueError("not a text")
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment

"""Orders in the shape that EIM sends."""


def raw_order(**changes):
    order = {
        "cust_ref": "R-100",
        "cust_po_no": "#100",
        "order_source": "Shopify",
        "order_status": "new",
        "order_date": "2024-03-01",
        "created_date_time": "2024-03-01T10:20:30+00:00",
        "cust_first_name": "Zoë",
        "cust_last_name": "Ångström",
        "cust_address_1": "1 Rue de la Paix",
        "cust_city": "Québec",
        "cust_country": "CAN",
        "cust_e_mail": "zoe@example.com",
        "ship_first_name": None,
        "ship_country": None,
        "sub_total": "16.00",
        "order_discount": "0.00",
        "sales_tax": "1.60",
        "shipping_handling": "4.95",
        "grand_total": "22.55",
        "currency_code": "cad",
        "pay_type": "CC",
        "on_hold": "N",
        "sending_canceled": "N",
        "items": [
            {
                "line_no": "1",
                "item": "PEN-1",
                "quantity": "2",
                "price": "10.0000",
                "discount": "2.0000",
                "extended_amount": "16.00",
                "tax": "0.00",
                "Description": "A pen",
                "filtered_sku": "N",
                "aliases": [],
            }
        ],
        "shipments": [],
    }
    return order | changes

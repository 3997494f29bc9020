//! CloudLoyalty's error codes, as LTM's public integration pages list them (repository andrelima-vertem/ltm-documentation,
//! purchase/create.md; 113 is from the participant lookup). One row per code; the API's own words, in Portuguese, are always
//! shown beside ours.

use crate::platform::error::ErrorKind::{ApiRefused, BadResponse, NotFound};
use crate::settings::error_codes::CodeMeaning;
use crate::settings::error_codes::Owner::{Integrator, Operator, Participant};

/// All codes, in numerical order.
pub const CODES: &[CodeMeaning] = &[
    CodeMeaning::new("76", ApiRefused, Integrator, "the cart has no delivery address"),
    CodeMeaning::new("77", ApiRefused, Integrator, "the cart is empty").hint("put a product into the cart first; if it stays empty, report it to LTM as critical"),
    CodeMeaning::new("86", ApiRefused, Participant, "this kind of bill can only be paid at a self-service terminal"),
    CodeMeaning::new("87", ApiRefused, Integrator, "the phone number looks wrong"),
    CodeMeaning::new("97", ApiRefused, Operator, "the order could not be completed").hint("ask by the correlation id before sending it again"),
    CodeMeaning::new("99", ApiRefused, Integrator, "the access token could not be processed").hint("try again with `--refresh`; does the token belong to this environment and tenant?"),
    CodeMeaning::new("100", BadResponse, Operator, "the balance is unavailable at the moment").may_pass().hint("try again later; a GET has been repeated already"),
    CodeMeaning::new("103", ApiRefused, Integrator, "the API refused the kind of token").hint("this call needs a participant: impersonation headers are missing or wrong (`--as-cpf`, `--as-login`), or it needs a participant's own token"),
    CodeMeaning::new("113", NotFound, Integrator, "no participant matches"),
    CodeMeaning::new("120", BadResponse, Operator, "the system is unavailable at the moment").may_pass().hint("try again later; a GET has been repeated already"),
    CodeMeaning::new("122", ApiRefused, Operator, "the card's brand is not configured"),
    CodeMeaning::new("123", ApiRefused, Integrator, "too many installments"),
    CodeMeaning::new("279", ApiRefused, Integrator, "this catalog does not allow paying with money alone"),
    CodeMeaning::new("289", ApiRefused, Integrator, "rules of the cart are not met").hint("the rules are those of the campaign, its catalogs, and its partners").details(DETAILS_289),
    CodeMeaning::new("312", ApiRefused, Integrator, "parameters of the order are missing"),
    CodeMeaning::new("313", ApiRefused, Participant, "the credit card's data are invalid").details(DETAILS_313),
    CodeMeaning::new("314", ApiRefused, Integrator, "the channel is missing or wrong"),
    CodeMeaning::new("315", ApiRefused, Integrator, "rules of the cart are not met").hint("see the sub-codes of code 289"),
    CodeMeaning::new("316", ApiRefused, Integrator, "the product cannot be bought this way (points only, or money only)").details(DETAILS_316),
    CodeMeaning::new("317", ApiRefused, Integrator, "shipping could not be calculated").details(DETAILS_317),
    CodeMeaning::new("318", ApiRefused, Integrator, "the price has changed, or a product is out of stock").hint("read the products again, and offer similar ones").details(DETAILS_318),
    CodeMeaning::new("319", ApiRefused, Integrator, "the number of points is invalid"),
    CodeMeaning::new("320", ApiRefused, Integrator, "points and money do not add up"),
    CodeMeaning::new("321", ApiRefused, Integrator, "points or money do not fit the participant's balance").hint("read the balance again (`m2m request @balance`)"),
    CodeMeaning::new("322", ApiRefused, Integrator, "the order is inconsistent").details(DETAILS_322),
    CodeMeaning::new("323", BadResponse, Operator, "the payment in money is inconsistent").hint("ask by the correlation id before sending it again"),
    CodeMeaning::new("324", ApiRefused, Operator, "the payment in money could not be authorized"),
    CodeMeaning::new("325", ApiRefused, Participant, "denied by risk analysis, for good: some data of the order are on a block list").hint("the participant must contact the service center; sending it again is useless"),
    CodeMeaning::new("326", ApiRefused, Participant, "rejected by a general rule of risk analysis, such as a limit of value or quantity").hint("try again later with less, or have the participant contact the service center"),
    CodeMeaning::new("327", ApiRefused, Operator, "the order is being analyzed outside").hint("try again later, or have the participant contact the service center"),
    CodeMeaning::new("328", ApiRefused, Participant, "rejected by an outside analysis, for example of the card's data").hint("try again later, or have the participant contact the service center"),
    CodeMeaning::new("329", ApiRefused, Participant, "rejected by the score of risk analysis").hint("the participant must contact the service center and confirm some data"),
    CodeMeaning::new("330", ApiRefused, Operator, "rejected by risk analysis, without a reason").hint("ask LTM by the correlation id"),
    CodeMeaning::new("331", ApiRefused, Operator, "the order could not be closed").hint("ask by the correlation id before sending it again"),
    CodeMeaning::new("332", ApiRefused, Participant, "the participant has not enough points").hint("read the balance (`m2m request @balance`) and ask for less; sending the same again is useless"),
    CodeMeaning::new("333", ApiRefused, Integrator, "the payment in points and money failed"),
    CodeMeaning::new("334", ApiRefused, Integrator, "the payment in money failed"),
    CodeMeaning::new("335", ApiRefused, Participant, "the card was not authorized").hint("check the card's data, or use another card"),
    CodeMeaning::new("336", ApiRefused, Participant, "the card's authorization took too long").hint("ask whether it was done before sending it again"),
    CodeMeaning::new("337", ApiRefused, Participant, "the card is canceled").hint("use another card"),
    CodeMeaning::new("338", ApiRefused, Participant, "something is wrong with the card").hint("check the card's data, or use another card"),
    CodeMeaning::new("339", ApiRefused, Participant, "the card is blocked").hint("use another card"),
    CodeMeaning::new("340", ApiRefused, Participant, "the card has expired").hint("use another card"),
    CodeMeaning::new("342", ApiRefused, Participant, "the participant has reached the limit for this product").details(DETAILS_342),
];

const DETAILS_289: &[(&str, &str)] = &[
    ("1", "too many items of one partner"),
    ("2", "too many items of one product"),
    ("3", "the total for one partner is too high"),
    ("4", "only one partner per order"),
    ("5", "only one unit per partner"),
    ("6", "a rule of the promotion"),
];

const DETAILS_313: &[(&str, &str)] = &[("1", "the card's number, name, expiry or brand is missing or invalid")];

const DETAILS_316: &[(&str, &str)] = &[("1", "this product is not allowed"), ("2", "points or money is not allowed")];

const DETAILS_317: &[(&str, &str)] = &[("-1", "the partner cannot ship there, or not so many")];

const DETAILS_318: &[(&str, &str)] = &[("0", "this product is available"), ("318", "this product is not available")];

const DETAILS_322: &[(&str, &str)] = &[
    ("1", "the shipping cost is missing"),
    ("2", "the order has no items"),
    ("3", "the total is not products plus shipping"),
    ("4", "the total is not the sum of the payments"),
    ("5", "the order is worth less than the refund"),
    ("6", "the participant is not valid"),
    ("7", "the supplier is not valid"),
    ("8", "delivery data are missing"),
    ("9", "an item's quantity is invalid"),
    ("11", "payment data are missing"),
    ("12", "a product does not exist"),
    ("13", "a product's price is missing"),
    ("14", "the delivery date is missing"),
    ("15", "the participant's CPF or CNPJ is missing"),
    ("16", "the participant's e-mail is missing"),
    ("17", "the participant's person type is missing"),
    ("18", "the gender is missing"),
    ("19", "the participant's name is missing"),
    ("20", "the company's name is missing"),
    ("21", "the phone number is missing"),
    ("22", "the recipient's name is missing"),
    ("23", "the name of the address is missing"),
    ("24", "the address is missing"),
    ("25", "the street number is missing"),
    ("26", "the district is missing"),
    ("27", "the city is missing"),
    ("28", "the state is missing"),
    ("29", "the CEP is missing or invalid"),
    ("30", "more than 9 products"),
    ("31", "more than 5 of one product"),
    ("32", "the reference point is shorter than 4 characters"),
    ("33", "carrier, area code or mobile number is missing"),
    ("34", "the street number must be digits"),
    ("35", "the bill must be paid 2 days before it is due"),
    ("36", "the bill's number, due date, CPF or value is missing"),
    ("37", "bills are paid on weekdays, from 8:00 to 21:00"),
    ("38", "the reference point is longer than 100 characters"),
    ("39", "the address complement is longer than 20 characters"),
    ("40", "the street number is longer than 5 characters"),
    ("41", "this partner needs an address complement"),
    ("42", "the address complement is longer than 100 characters"),
    ("43", "the recipient's last name is missing"),
    ("44", "another payment was made less than 24 hours ago"),
];

const DETAILS_342: &[(&str, &str)] =
    &[("6", "the quantity exceeds the limit"), ("342", "this product is not available")];

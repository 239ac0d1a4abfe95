package org.bonepeft.examples.text;

/** What a noun names; verbs and adjectives select by it. */
enum Kind {
    PERSON,
    ANIMAL,
    FOOD,
    DRINK,
    VEHICLE,
    TOOL,
    CLOTHING,
    FURNITURE,
    CONTAINER,
    THING,
    INSTRUMENT,
    DOCUMENT,
    SHOW,
    REVIEW,
    BUILDING,
    PLACE,
    PLANT,
    IDEA,
    EVENT,
    GROUP,
    MATERIAL,
    MASS
}

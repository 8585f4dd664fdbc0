"""Reads a synthesized CloudFormation template the way the tests ask about it: by type, by function, by permission."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """One parsed template."""

    content: dict[str, Any]

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Every resource by its logical id."""
        resources: dict[str, dict[str, Any]] = self.content["Resources"]
        return resources

    def of_type(self, resource_type: str) -> dict[str, Properties]:
        """The properties of every resource of one type, by logical id."""
        return {
            logical_id: resource.get("Properties", {})
            for logical_id, resource in self.resources.items()
            if resource["Type"] == resource_type
        }

    def only(self, resource_type: str) -> Properties:
        """The properties of the one resource of a type."""
        (properties,) = self.of_type(resource_type).values()
        return properties

    def functions(self) -> dict[str, Properties]:
        """The functions, by the name that the code gives them."""
        found = self.of_type("AWS::Lambda::Function").values()
        return {properties["FunctionName"].removeprefix("imagegate-"): properties for properties in found}

    def statements(self, function: str) -> Iterator[Properties]:
        """Every statement of the policies attached to a function's role."""
        role = self.functions()[function]["Role"]["Fn::GetAtt"][0]
        for policy in self.of_type("AWS::IAM::Policy").values():
            if {"Ref": role} in policy["Roles"]:
                yield from policy["PolicyDocument"]["Statement"]

    def permissions(self, function: str) -> set[tuple[str, str]]:
        """Each action that a function is allowed, with the resource it is allowed on."""
        return {
            (action, self.text(resource))
            for statement in self.statements(function)
            for action in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        }

    def text(self, value: object) -> str:
        """Write a value with its references as names, such as `<Table>` for what has `Table` in its logical id."""
        if isinstance(value, str):
            return value
        match value:
            case {"Fn::GetAtt": [logical_id, "Arn"]} | {"Ref": logical_id}:
                return f"<{self._short_name(logical_id)}>"
            case {"Fn::GetAtt": [logical_id, "StreamArn"]}:
                return f"<{self._short_name(logical_id)}>/stream"
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(self.text(part) for part in parts)
        return json.dumps(value)

    def _short_name(self, logical_id: str) -> str:
        properties = self.resources.get(logical_id, {}).get("Properties", {})
        names = (properties.get(key) for key in ("FunctionName", "TableName", "LogGroupName"))
        return next((name for name in names if isinstance(name, str)), logical_id.rstrip("0123456789ABCDEF"))


def as_list(value: Any) -> list[Any]:
    """CloudFormation writes a list of one as its only element."""
    return value if isinstance(value, list) else [value]

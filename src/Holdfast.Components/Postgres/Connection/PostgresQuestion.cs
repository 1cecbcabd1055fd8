using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// A statement whose first value states whether a backup must wait: 0, false, NULL or no row means that it need not.
/// </summary>
internal sealed record PostgresQuestion(string Name, string? Database, string Sql)
{
    public static PostgresQuestion Read(ProfileNode node) => new(node["name"].Text, node.Find("database")?.Text, node["sql"].Text);
}

using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>A statement whose first value says whether something is in the way of a backup: 0, false, NULL or no row means that nothing is.</summary>
internal sealed record PostgresQuestion(string Name, string? Database, string Sql)
{
    public static PostgresQuestion Read(ProfileNode node) => new(node["name"].Text, node.Find("database")?.Text, node["sql"].Text);
}

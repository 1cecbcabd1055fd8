using System.Text;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>The roles that dumps of databases name: owners, and roles with rights, policies or settings.</summary>
/// <param name="Owners">The owners of the databases and of their objects, except large objects.</param>
/// <param name="Named">All words of the statements that name roles: a superset of the roles.</param>
/// <param name="IsComplete">False when more roles may be named, because large objects are not read.</param>
internal sealed record DatabaseRoles(IReadOnlySet<string> Owners, IReadOnlySet<string> Named, bool IsComplete)
{
    private static readonly string[] _naming =
    [
        "GRANT ", "REVOKE ", "ALTER DEFAULT PRIVILEGES ", "CREATE POLICY ", "CREATE USER MAPPING ",
        "SET SESSION AUTHORIZATION ",
    ];

    /// <summary>Reads the schema scripts.</summary>
    /// <exception cref="Engine.Problems.ProblemException">A script cannot be read.</exception>
    public static async Task<DatabaseRoles> ReadAsync(
        DumpSource source, string cluster, IReadOnlyList<DatabaseContents> databases, CancellationToken cancellation)
    {
        HashSet<string> owners = new(StringComparer.Ordinal), named = new(StringComparer.Ordinal);
        var isComplete = databases.All(database => database.LargeObjects == 0);
        foreach (var database in databases)
        {
            AddProperties(database.Properties, owners, named);
            foreach (var file in new[] { DumpPath.PreData, DumpPath.PostData })
            {
                var name = $"{file} of database \"{database.Name}\"";
                var place = $"{DumpPath.Database(cluster, database.Name)}/{file}";
                await using var script = await source.OpenAsync(place, cancellation);
                var reader = new ScriptReader(script);
                while (await StatementScript.ReadAsync(reader, name, cancellation) is { } statement)
                    isComplete &= Add(statement.Text, owners, named) || database.Properties.Encoding == "UTF8";
            }
        }
        return new DatabaseRoles(owners, named, isComplete);
    }

    private static void AddProperties(DatabaseProperties properties, HashSet<string> owners, HashSet<string> named)
    {
        owners.Add(properties.Owner);
        named.Add(properties.Owner);
        foreach (var grant in properties.Grants ?? []) named.UnionWith([grant.Grantor, grant.Grantee ?? grant.Grantor]);
        named.UnionWith(properties.Settings.Select(setting => setting.Role).OfType<string>());
    }

    /// <returns>Whether all names are ASCII: other names are in the encoding of the database.</returns>
    private static bool Add(string statement, HashSet<string> owners, HashSet<string> named)
    {
        var owner = ScriptStatement.OwnerOf(statement);
        if (owner is not null && SqlWords.Of(owner) is [var role]) owners.Add(role.Text);
        if (owner is null && !IsNaming(statement)) return true;
        named.UnionWith(SqlWords.Of(owner ?? statement).Select(word => word.Text));
        return Ascii.IsValid(statement);
    }

    private static bool IsNaming(string statement)
    {
        var words = ScriptStatement.WithoutComments(statement);
        return _naming.Any(first => words.StartsWith(first, StringComparison.Ordinal));
    }
}

using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Grants the owners of objects CREATE on the schemas for the time of the load. A user who is not a superuser can give
/// an object only to a role that may create in its schema, and pg_dump writes the rights on schemas last. Source:
/// PostgreSQL's manual, ALTER TABLE.
/// </summary>
internal sealed class LentSchemas
{
    private readonly HashSet<(string Schema, string Role)> _lent = [];

    /// <summary>
    /// Called before a statement of a script: grants what it needs, or revokes it before GRANT and REVOKE.
    /// </summary>
    public async Task LendAsync(LoadSession session, ScriptStatement statement, CancellationToken cancellation)
    {
        if (session.IsSuper) return;
        if (statement.IsOfRights) await TakeBackAsync(session, cancellation);
        else if (OwnerOf(statement.Text) is { } role) await LendAsync(session, role, cancellation);
    }

    /// <summary>Revokes what was granted, except on schemas that the role owns by now.</summary>
    public async Task TakeBackAsync(LoadSession session, CancellationToken cancellation)
    {
        foreach (var (schema, role) in _lent)
            await session.RunAsItIsAsync($"REVOKE CREATE ON SCHEMA {schema} FROM {role}", cancellation);
        _lent.Clear();
    }

    /// <summary>
    /// Returns the new owner in the statement; null for schemas and objects outside of schemas, which need no such
    /// right.
    /// </summary>
    private static string? OwnerOf(string statement)
    {
        if (ScriptStatement.OwnerOf(statement) is not { } owner || SqlWords.Of(owner) is not [var role]) return null;
        return SqlWords.Of(statement) is [_, var kind, ..] && !kind.Is("SCHEMA") ? role.Text : null;
    }

    private async Task LendAsync(LoadSession session, string role, CancellationToken cancellation)
    {
        var schemas = await session.Connection.RowsAsync(Missing(role), row => row[0], cancellation);
        foreach (var schema in schemas)
        {
            await session.RunAsItIsAsync($"GRANT CREATE ON SCHEMA {schema} TO {Sql.Identifier(role)}", cancellation);
            _lent.Add((schema, Sql.Identifier(role)));
        }
    }

    private static string Missing(string role) => $"""
        SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_namespace n, pg_catalog.pg_roles r
            WHERE r.rolname = {Sql.Literal(role)} AND n.nspowner <> r.oid AND n.nspname !~ '^pg_'
                AND n.nspname <> 'information_schema' AND pg_catalog.pg_has_role(n.nspowner, 'USAGE')
                AND NOT pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')
        """;
}

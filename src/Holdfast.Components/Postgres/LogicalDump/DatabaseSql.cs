using System.Text;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>The statements that recreate a database, as pg_dump --create writes them, but under any name.</summary>
internal static class DatabaseSql
{
    /// <summary>
    /// Settings that are lists of names: each name is a literal of its own. Source: variable_is_guc_list_quote in
    /// PostgreSQL's dumputils.c.
    /// </summary>
    private static readonly string[] Lists =
        ["local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"];

    /// <summary>Creates a database from template0, which has no objects and accepts any encoding and locale.</summary>
    public static string Create(string name, DatabaseProperties properties)
    {
        var sql = new StringBuilder($"CREATE DATABASE {Sql.Identifier(name)} WITH TEMPLATE = template0 ENCODING = {Sql.Literal(properties.Encoding)}");
        if (properties.LocaleProvider is { } provider) sql.Append($" LOCALE_PROVIDER = {Provider(provider)}");
        sql.Append($" LC_COLLATE = {Sql.Literal(properties.Collate)} LC_CTYPE = {Sql.Literal(properties.Ctype)}");
        if (properties.Locale is { } locale)
            sql.Append($" {(properties.LocaleProvider == "b" ? "BUILTIN_LOCALE" : "ICU_LOCALE")} = {Sql.Literal(locale)}");
        if (properties.IcuRules is { } rules) sql.Append($" ICU_RULES = {Sql.Literal(rules)}");
        if (properties.Tablespace != "pg_default") sql.Append($" TABLESPACE = {Sql.Identifier(properties.Tablespace)}");
        return sql.ToString();
    }

    /// <summary>Added to <see cref="Create"/>: only superusers can connect.</summary>
    public const string KeepOut = " CONNECTION LIMIT 0";

    /// <summary>Removes the limit of <see cref="KeepOut"/>.</summary>
    public static string LetIn(string name) => $"ALTER DATABASE {Sql.Identifier(name)} CONNECTION LIMIT -1";

    /// <summary>
    /// Sets owner, limits, settings, rights and comment: at the end, since they can prevent Holdfast from connecting.
    /// </summary>
    public static IEnumerable<string> Describe(string name, DatabaseProperties properties)
    {
        var database = Sql.Identifier(name);
        yield return $"ALTER DATABASE {database} OWNER TO {Sql.Identifier(properties.Owner)}";
        if (properties.ConnectionLimit != -1) yield return $"ALTER DATABASE {database} CONNECTION LIMIT {properties.ConnectionLimit}";
        if (properties.IsTemplate) yield return $"ALTER DATABASE {database} IS_TEMPLATE true";
        foreach (var setting in properties.Settings.Where(IsLate))
            yield return Set(database, setting);
        if (properties.Comment is { } comment) yield return $"COMMENT ON DATABASE {database} IS {Sql.Literal(comment)}";
        foreach (var grant in Grants(database, properties))
            yield return grant;
    }

    /// <summary>
    /// Sets the settings on which values, and what is computed from them, depend: they are restored before any row is
    /// loaded.
    /// </summary>
    public static IEnumerable<string> SetUp(string name, DatabaseProperties properties) =>
        properties.Settings.Where(setting => !IsLate(setting)).Select(setting => Set(Sql.Identifier(name), setting));

    /// <summary>Returns true for settings that change no value, but could end or reject a load by psql.</summary>
    private static bool IsLate(DatabaseSetting setting) => _late.Contains(setting.Name, StringComparer.OrdinalIgnoreCase);

    private static readonly string[] _late =
    [
        "default_transaction_read_only", "default_transaction_isolation", "default_transaction_deferrable", "statement_timeout", "lock_timeout", "transaction_timeout",
        "idle_in_transaction_session_timeout", "idle_session_timeout", "role", "exit_on_error", "session_preload_libraries", "local_preload_libraries", "session_replication_role",
    ];

    private static string Provider(string letter) => letter switch
    {
        "i" => "icu",
        "b" => "builtin",
        _ => "libc",
    };

    private static string Set(string database, DatabaseSetting setting) =>
        SetFor(setting.Role is { } role ? $"ROLE {Sql.Identifier(role)} IN DATABASE {database}" : $"DATABASE {database}", setting.Name, setting.Value);

    /// <summary>Sets a setting of a database or a role.</summary>
    /// <param name="subject">The subject of the statement, such as <c>ROLE "shop"</c>.</param>
    /// <param name="name">The name of the setting.</param>
    /// <param name="value">The value as stored in the catalog.</param>
    public static string SetFor(string subject, string name, string value)
    {
        var literal = Lists.Contains(name, StringComparer.OrdinalIgnoreCase) ? string.Join(", ", SplitList(value).Select(Sql.Literal)) : Sql.Literal(value);
        return $"ALTER {subject} SET {Sql.Identifier(name)} TO {(literal.Length == 0 ? "''" : literal)}";
    }

    /// <summary>
    /// Grants the rights after revoking all; rights that other roles passed on are granted on their behalf.
    /// </summary>
    private static IEnumerable<string> Grants(string database, DatabaseProperties properties)
    {
        if (properties.Grants is not { } grants) yield break;
        yield return $"REVOKE ALL ON DATABASE {database} FROM PUBLIC";
        yield return $"REVOKE ALL ON DATABASE {database} FROM {Sql.Identifier(properties.Owner)}";
        foreach (var grant in grants.OrderBy(grant => grant.Grantor != properties.Owner))
        {
            var foreign = grant.Grantor != properties.Owner;
            if (foreign) yield return $"SET SESSION AUTHORIZATION {Sql.Identifier(grant.Grantor)}";
            var grantee = grant.Grantee is { } role ? Sql.Identifier(role) : "PUBLIC";
            yield return $"GRANT {Privilege(grant)} ON DATABASE {database} TO {grantee}{(grant.Grantable ? " WITH GRANT OPTION" : "")}";
            if (foreign) yield return "RESET SESSION AUTHORIZATION";
        }
    }

    /// <summary>Returns a privilege of the recovery point as SQL, only if it is one of the known words.</summary>
    private static string Privilege(DatabaseGrant grant) => grant.Privilege is "CREATE" or "CONNECT" or "TEMPORARY"
        ? grant.Privilege
        : throw Catalogue.PointManifest.Throwable($"The recovery point tells of a right on a database that there is not: \"{grant.Privilege}\".");

    /// <summary>Splits a list as the server stores it: names separated by commas, quoted where necessary.</summary>
    private static IEnumerable<string> SplitList(string value)
    {
        var item = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < value.Length; i++)
        {
            var character = value[i];
            if (character == '"' && quoted && i + 1 < value.Length && value[i + 1] == '"') item.Append(value[i++]);
            else if (character == '"') quoted = !quoted;
            else if (character == ',' && !quoted)
            {
                yield return item.ToString();
                item.Clear();
            }
            else if (quoted || !char.IsWhiteSpace(character)) item.Append(character);
        }
        if (item.Length > 0 || value.Contains('"', StringComparison.Ordinal)) yield return item.ToString();
    }
}

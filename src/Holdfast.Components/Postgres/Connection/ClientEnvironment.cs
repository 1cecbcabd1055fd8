using System.Runtime.InteropServices;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// The variables by which clients of PostgreSQL are told where to connect (PGHOSTADDR, PGSERVICE, PGOPTIONS and the like). They are the caller's,
/// for other connections than those of the profile, so they are taken out of this process before its first connection.
/// Source: PostgreSQL's manual, 34.15, "Environment Variables".
/// </summary>
internal static partial class ClientEnvironment
{
    private static readonly Lazy<bool> _cleared = new(Remove);

    /// <summary>Once for the process, whoever comes first.</summary>
    public static void Clear() => _ = _cleared.Value;

    private static bool Remove()
    {
        foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(IsOfClients).ToList())
        {
            Environment.SetEnvironmentVariable(name, null);
            _ = Unset(name);
        }
        return true;
    }

    /// <summary>All of them begin with "PG"; those of the tests of packages and the like ("PGROONGA_...") have an underscore, as only PG_COLOR has too.</summary>
    private static bool IsOfClients(string name) =>
        name.StartsWith("PG", StringComparison.Ordinal) && (!name.Contains('_', StringComparison.Ordinal) || name is "PG_COLOR" or "PG_COLORS");

    /// <summary>.NET keeps a copy of its own; libpq looks into the C library's.</summary>
    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unset(string name);
}

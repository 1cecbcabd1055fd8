using System.Runtime.InteropServices;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// The environment variables that set connection parameters of PostgreSQL's clients (PGHOSTADDR, PGSERVICE, PGOPTIONS
/// and the like). They belong to the caller, for other connections than those of the profile, so they are removed from
/// this process before its first connection. Source: PostgreSQL's manual, 34.15, "Environment Variables".
/// </summary>
internal static partial class ClientEnvironment
{
    private static readonly Lazy<bool> _cleared = new(Remove);

    /// <summary>Removes the variables, once per process; may be called from any thread.</summary>
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

    /// <summary>
    /// All of them begin with "PG"; those of packages' tests and the like ("PGROONGA_...") have an underscore, which
    /// only PG_COLOR has too.
    /// </summary>
    private static bool IsOfClients(string name) =>
        name.StartsWith("PG", StringComparison.Ordinal) && (!name.Contains('_', StringComparison.Ordinal) || name is "PG_COLOR" or "PG_COLORS");

    /// <summary>
    /// Removes a variable from the environment of the C library, which libpq reads; .NET keeps its own copy.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unset(string name);
}

using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// Classifies errors of pg_dump and pg_dumpall by their messages, because they write no SQLSTATE; they run with
/// LC_ALL=C.
/// </summary>
internal static class ProgramError
{
    private static readonly (string Words, ProblemKind Kind)[] Known =
    [
        ("server version mismatch", Catalogue.PostgresVersion),
        ("permission denied", Catalogue.PostgresPermission),
        ("must be superuser", Catalogue.PostgresPermission),
        ("password authentication failed", Catalogue.PostgresAuthentication),
        ("no password supplied", Catalogue.PostgresAuthentication),
        ("Peer authentication failed", Catalogue.PostgresAuthentication),
        ("Connection refused", Catalogue.PostgresUnreachable),
        ("No such file or directory", Catalogue.PostgresUnreachable),
        ("No space left on device", Catalogue.PostgresFull),
        ("lock timeout", Catalogue.PostgresLocked),
        ("out of shared memory", Catalogue.PostgresMemory),
    ];

    public static ProblemKind KindOf(string said) =>
        Known.FirstOrDefault(known => said.Contains(known.Words, StringComparison.Ordinal)).Kind ?? Catalogue.PostgresDump;
}

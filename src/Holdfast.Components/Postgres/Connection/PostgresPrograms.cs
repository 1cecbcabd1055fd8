using System.Globalization;
using System.Text.RegularExpressions;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>The programs of PostgreSQL's client package, with their versions.</summary>
internal sealed partial record PostgresPrograms
{
    public required IHost Host { get; init; }
    public required string Dump { get; init; }
    public required string DumpAll { get; init; }
    public required string DumpVersionText { get; init; }

    /// <summary>The major version of pg_dump.</summary>
    public required int DumpVersion { get; init; }

    /// <summary>
    /// Finds the programs, those of the server's own version where they are installed: newer ones write what an older
    /// server may not know.
    /// </summary>
    /// <param name="host">The machine that is searched.</param>
    /// <param name="serverVersion">server_version_num.</param>
    /// <param name="cancellation">Cancels the search.</param>
    public static async Task<PostgresPrograms> FindAsync(IHost host, int serverVersion, CancellationToken cancellation)
    {
        var major = serverVersion / 10_000;
        var dump = Find(host, "pg_dump", major);
        var version = await AskAsync(host, dump, "--version", cancellation);
        return new PostgresPrograms
        {
            Host = host,
            Dump = dump,
            DumpAll = Find(host, "pg_dumpall", major),
            DumpVersionText = version.Trim(),
            DumpVersion = Major(version),
        };
    }

    /// <summary>Throws when pg_dump is older than the server, whose catalog it then cannot read.</summary>
    public void Check(int serverVersion)
    {
        var server = serverVersion / 10_000;
        if (DumpVersion >= server) return;
        throw Catalogue.PostgresVersion.Throwable(
            $"The server is PostgreSQL {server}, but {Dump} is {DumpVersionText}.", $"Install the client tools of PostgreSQL {server} or newer.");
    }

    /// <summary>Translates an option: large objects were called blobs before pg_dump 16.</summary>
    public string Spell(string option) => option == "--large-objects" && DumpVersion < 16 ? "--blobs" : option;

    /// <summary>
    /// The path of a program of a major version where that is installed, or else of any program of that name.
    /// </summary>
    public static string Find(IHost host, string name, int major) => host.FindProgram($"/usr/lib/postgresql/{major}/bin/{name}")
        ?? host.FindProgram($"/usr/pgsql-{major}/bin/{name}")
        ?? host.FindProgram(name)
        ?? throw Catalogue.ProgramMissing.Throwable($"The program '{name}' is not there.", "Install PostgreSQL's client package, or add its directory to PATH.");

    private static async Task<string> AskAsync(IHost host, string program, string option, CancellationToken cancellation)
    {
        var (result, output) = await host.RunAsync(new ProgramCall(program, [option]), cancellation);
        if (result.ExitCode == 0) return output;
        throw Catalogue.ProgramFailed.Throwable($"{program} {option} ended with {result.ExitCode}: {string.Join(' ', result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))}");
    }

    private static int Major(string version) =>
        Number().Match(version) is { Success: true } match ? int.Parse(match.Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"(?<=\) )\d+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Number();
}

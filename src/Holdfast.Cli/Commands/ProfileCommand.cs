using System.CommandLine;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Cli.Commands;

/// <summary>Looks at profiles without touching the platform.</summary>
internal static class ProfileCommand
{
    private static readonly Argument<string?> File = new("file") { Description = "The profile; the one in use when it is not given.", Arity = ArgumentArity.ZeroOrOne };

    public static Command Make(Launcher launcher) => new("profile", "Checks profiles, and shows what may stand in them.")
    {
        launcher.Start(new Command("validate", "Names every mistake of a profile, with its line.") { File }, ValidateAsync),
        launcher.Start(new Command("schema", "Prints the JSON schema of profiles."), PrintSchemaAsync),
    };

    private static Task<ExitCode> ValidateAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var profile = parsed.GetValue(File) is { } file ? ProfileReader.ReadFile(file) : session.Profile;
        session.Output.Report(new ProfileEvent(profile.File, profile.Platform, [.. session.Components(profile).Select(component => component.Name)]));
        foreach (var caution in ProfileCautions.Find(profile)) session.Output.Report(ProblemEvent.Warning(caution));
        return Task.FromResult(ExitCode.Success);
    }

    private static Task<ExitCode> PrintSchemaAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        session.Output.Report(new DocumentEvent("profile.schema.json", ProfileReader.SchemaText));
        return Task.FromResult(ExitCode.Success);
    }
}

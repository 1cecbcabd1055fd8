using System.CommandLine;
using Holdfast.Engine.Components;

namespace Holdfast.Cli.Commands;

/// <summary>The options of 'restore' on how files are compared, owned and given rights.</summary>
internal static class FileOptions
{
    private static readonly Option<bool> TrustTimes = new("--trust-times")
    {
        Description = "Take a file of the same size and modification time for unchanged, instead of comparing its content.",
    };

    private static readonly Option<bool> NumericOwner = new("--numeric-owner")
    {
        Description = "Restore the numbers of users and groups, not who has the same name on this machine.",
    };

    private static readonly Option<bool> PrivilegedModes = new("--privileged-modes")
    {
        Description = "Below --target, restore set-id bits, ACLs, file capabilities and other attributes of the system, and device nodes, too.",
    };

    private static readonly Option<bool> Unselected = new("--unselected")
    {
        Description = "Restore what the profile does not select, too (files, indices, templates), where another machine made the recovery point.",
    };

    public static Command With(Command command)
    {
        command.Options.Add(TrustTimes);
        command.Options.Add(NumericOwner);
        command.Options.Add(PrivilegedModes);
        command.Options.Add(Unselected);
        return command;
    }

    public static FileRules Read(ParseResult parsed) =>
        new(parsed.GetValue(TrustTimes), parsed.GetValue(NumericOwner), parsed.GetValue(PrivilegedModes))
        {
            Unselected = parsed.GetValue(Unselected),
        };
}

namespace Holdfast.Cli.Text;

/// <summary>The version of this program.</summary>
internal static class ProgramVersion
{
    /// <summary>The version with three numbers: "0.1.0".</summary>
    public static string Text { get; } = typeof(ProgramVersion).Assembly.GetName().Version!.ToString(3);
}

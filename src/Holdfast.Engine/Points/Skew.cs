namespace Holdfast.Engine.Points;

/// <summary>Computes how far the components of a recovery point are from its mark.</summary>
internal static class Skew
{
    public static void Measure(Manifest manifest)
    {
        manifest.Mark ??= manifest.Components.Max(component => component.To);
        foreach (var component in manifest.Components) component.Skew = Of(component, manifest);
    }

    private static double? Of(ComponentRecord component, Manifest manifest)
    {
        if (component is not { From: { } from, To: { } to } || manifest.Mark is not { } mark) return null;
        if (manifest is { Mode: not BackupMode.Online, Window: { } window } && from >= window.Opened && to <= window.Closed) return 0;
        return Math.Round(Math.Max((mark - from).Duration().TotalSeconds, (to - mark).Duration().TotalSeconds), 3);
    }
}

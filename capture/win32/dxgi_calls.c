/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define COBJMACROS
#define INITGUID
#include "capture/win32/dxgi_calls.h"
#include "capture/win32/gdi_screen.h"
#include "platform/clock.h"

#include <d3d11.h>
#include <dxgi1_2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADAPTERS_MAX 16

typedef HRESULT WINAPI create_factory(REFIID id, void **out);

struct dxgi_output {
    IDXGIAdapter1 *adapter; /* owned, as all that follows; NULL until it is opened */
    IDXGIOutput *output;
    ID3D11Device *device;
    ID3D11DeviceContext *device_context;
    IDXGIOutputDuplication *duplication;
    IDXGIResource *frame;     /* acquired */
    ID3D11Texture2D *staging; /* with CPU access */
    bool mapped;
    uint8_t *shape;
    uint32_t shape_size; /* of the acquired frame, bytes */
};

struct dxgi {
    create_factory *create;
    PFN_D3D11_CREATE_DEVICE create_device;
    IDXGIFactory1 *factory; /* owned */
    struct dxgi_output outputs[DUPLICATION_OUTPUTS_MAX];
    size_t count;
};

#define DXGI_RELEASE(type, object)                                                                                     \
    do {                                                                                                               \
        if (object)                                                                                                    \
            type##_Release(object);                                                                                    \
        (object) = NULL;                                                                                               \
    } while (0)

/* ---- closing ---- */

static void dxgi_close_staging(struct dxgi_output *output)
{
    if (output->mapped)
        ID3D11DeviceContext_Unmap(output->device_context, (ID3D11Resource *)output->staging, 0);
    output->mapped = false;
    DXGI_RELEASE(ID3D11Texture2D, output->staging);
}

static void dxgi_close_output(struct dxgi_output *output)
{
    dxgi_close_staging(output);
    DXGI_RELEASE(IDXGIResource, output->frame);
    DXGI_RELEASE(IDXGIOutputDuplication, output->duplication);
    DXGI_RELEASE(ID3D11DeviceContext, output->device_context);
    DXGI_RELEASE(ID3D11Device, output->device);
    DXGI_RELEASE(IDXGIOutput, output->output);
    DXGI_RELEASE(IDXGIAdapter1, output->adapter);
    free(output->shape);
    memset(output, 0, sizeof *output);
}

static void dxgi_reset(void *context)
{
    struct dxgi *dxgi = context;
    for (size_t i = 0; i < dxgi->count; i++)
        dxgi_close_output(&dxgi->outputs[i]);
    dxgi->count = 0;
    DXGI_RELEASE(IDXGIFactory1, dxgi->factory);
}

/* ---- the outputs ---- */

static void dxgi_copy_text(char *out, size_t size, const wchar_t *text)
{
    struct buffer utf8;
    buffer_init(&utf8, size);
    gdi_append_text(&utf8, text);
    snprintf(out, size, "%.*s", (int)utf8.len, utf8.data ? (const char *)utf8.data : "");
    buffer_deinit(&utf8);
}

static void dxgi_describe_adapter(IDXGIAdapter1 *adapter, char text[DUPLICATION_NAME_SIZE])
{
    DXGI_ADAPTER_DESC1 desc;
    char name[DUPLICATION_NAME_SIZE - 16];
    if (FAILED(IDXGIAdapter1_GetDesc1(adapter, &desc)))
        return;
    desc.Description[sizeof desc.Description / sizeof desc.Description[0] - 1] = 0;
    dxgi_copy_text(name, sizeof name, desc.Description);
    snprintf(text, DUPLICATION_NAME_SIZE, "%s (%04x:%04x)", name, desc.VendorId & 0xffff, desc.DeviceId & 0xffff);
}

/* Keeps `output` when it is attached to the desktop, else releases it. */
static HRESULT dxgi_add_output(struct dxgi *dxgi, IDXGIAdapter1 *adapter, IDXGIOutput *output,
                               struct duplication_outputs *outputs)
{
    DXGI_OUTPUT_DESC desc;
    HRESULT result = IDXGIOutput_GetDesc(output, &desc);
    if (FAILED(result) || !desc.AttachedToDesktop || outputs->count == DUPLICATION_OUTPUTS_MAX) {
        IDXGIOutput_Release(output);
        return result;
    }
    struct duplication_output *to = &outputs->items[outputs->count++];
    const RECT *area = &desc.DesktopCoordinates;
    memset(to, 0, sizeof *to);
    dxgi_copy_text(to->name, sizeof to->name,
                   wcsncmp(desc.DeviceName, L"\\\\.\\", 4) == 0 ? desc.DeviceName + 4 : desc.DeviceName);
    to->area = (struct rect){area->left, area->top, (uint32_t)(area->right - area->left),
                             (uint32_t)(area->bottom - area->top)};
    dxgi_describe_adapter(adapter, to->adapter);
    IDXGIAdapter1_AddRef(adapter);
    dxgi->outputs[dxgi->count++] = (struct dxgi_output){.adapter = adapter, .output = output};
    return result;
}

static HRESULT dxgi_enumerate_adapter(struct dxgi *dxgi, IDXGIAdapter1 *adapter, struct duplication_outputs *outputs)
{
    IDXGIOutput *output;
    for (UINT i = 0; i < DUPLICATION_OUTPUTS_MAX; i++) {
        HRESULT result = IDXGIAdapter1_EnumOutputs(adapter, i, &output);
        if (result == DXGI_ERROR_NOT_FOUND)
            return S_OK;
        if (SUCCEEDED(result))
            result = dxgi_add_output(dxgi, adapter, output, outputs);
        if (FAILED(result))
            return result;
    }
    return S_OK;
}

static uint32_t dxgi_enumerate_outputs(void *context, struct duplication_outputs *outputs)
{
    struct dxgi *dxgi = context;
    IDXGIAdapter1 *adapter;
    dxgi_reset(dxgi);
    outputs->count = 0;
    HRESULT result = dxgi->create(&IID_IDXGIFactory1, (void **)&dxgi->factory);
    for (UINT i = 0; i < ADAPTERS_MAX && SUCCEEDED(result); i++) {
        result = IDXGIFactory1_EnumAdapters1(dxgi->factory, i, &adapter);
        if (result == DXGI_ERROR_NOT_FOUND)
            return S_OK;
        if (FAILED(result))
            break;
        result = dxgi_enumerate_adapter(dxgi, adapter, outputs);
        IDXGIAdapter1_Release(adapter);
    }
    return (uint32_t)result;
}

static bool dxgi_is_current(void *context)
{
    struct dxgi *dxgi = context;
    return dxgi->factory && IDXGIFactory1_IsCurrent(dxgi->factory);
}

/* ---- frames ---- */

static HRESULT dxgi_open_device(struct dxgi *dxgi, struct dxgi_output *output)
{
    /* No list of feature levels: Windows 8.1 refuses one that has level 12. */
    return dxgi->create_device((IDXGIAdapter *)output->adapter, D3D_DRIVER_TYPE_UNKNOWN, NULL, 0, NULL, 0,
                               D3D11_SDK_VERSION, &output->device, NULL, &output->device_context);
}

static uint32_t dxgi_duplicate_output(void *context, size_t index, enum duplication_rotation *rotation)
{
    struct dxgi *dxgi = context;
    struct dxgi_output *output = &dxgi->outputs[index];
    IDXGIOutput1 *output1 = NULL;
    DXGI_OUTDUPL_DESC desc;
    HRESULT result = dxgi_open_device(dxgi, output);
    if (SUCCEEDED(result))
        result = IDXGIOutput_QueryInterface(output->output, &IID_IDXGIOutput1, (void **)&output1);
    if (result == E_NOINTERFACE)
        result = E_NOTIMPL; /* DXGI 1.1 */
    if (SUCCEEDED(result))
        result = IDXGIOutput1_DuplicateOutput(output1, (IUnknown *)output->device, &output->duplication);
    DXGI_RELEASE(IDXGIOutput1, output1);
    if (!output->duplication)
        return (uint32_t)result;
    IDXGIOutputDuplication_GetDesc(output->duplication, &desc);
    *rotation = (enum duplication_rotation)desc.Rotation;
    return (uint32_t)result;
}

static uint32_t dxgi_acquire_frame(void *context, size_t index, unsigned timeout_ms, struct duplication_frame *frame)
{
    struct dxgi_output *output = &((struct dxgi *)context)->outputs[index];
    DXGI_OUTDUPL_FRAME_INFO info;
    memset(&info, 0, sizeof info);
    HRESULT result = IDXGIOutputDuplication_AcquireNextFrame(output->duplication, timeout_ms, &info, &output->frame);
    *frame = (struct duplication_frame){.presented = info.LastPresentTime.QuadPart != 0,
                                        .masked = info.ProtectedContentMaskedOut,
                                        .pointer_updated = info.LastMouseUpdateTime.QuadPart != 0,
                                        .pointer_visible = info.PointerPosition.Visible,
                                        .pointer_x = info.PointerPosition.Position.x,
                                        .pointer_y = info.PointerPosition.Position.y,
                                        .shape_updated = info.PointerShapeBufferSize != 0};
    output->shape_size = info.PointerShapeBufferSize;
    return (uint32_t)result;
}

static uint32_t dxgi_pointer_shape(void *context, size_t index, struct duplication_pointer *pointer)
{
    struct dxgi_output *output = &((struct dxgi *)context)->outputs[index];
    DXGI_OUTDUPL_POINTER_SHAPE_INFO info;
    UINT needed;
    if (output->shape_size > DUPLICATION_SHAPE_MAX)
        return (uint32_t)E_OUTOFMEMORY;
    free(output->shape);
    output->shape = malloc(output->shape_size);
    if (!output->shape)
        return (uint32_t)E_OUTOFMEMORY;
    HRESULT result = IDXGIOutputDuplication_GetFramePointerShape(output->duplication, output->shape_size, output->shape,
                                                                 &needed, &info);
    if (FAILED(result))
        return (uint32_t)result;
    bool twice = info.Type == DXGI_OUTDUPL_POINTER_SHAPE_TYPE_MONOCHROME;
    pointer->hot_x = info.HotSpot.x;
    pointer->hot_y = info.HotSpot.y;
    pointer->shape = (struct cursor_shape){.kind = (enum cursor_kind)info.Type,
                                           .width = info.Width,
                                           .height = twice ? info.Height / 2 : info.Height,
                                           .pitch = info.Pitch,
                                           .bytes = output->shape,
                                           .len = output->shape_size};
    return (uint32_t)result;
}

static HRESULT dxgi_copy_to_staging(struct dxgi_output *output, ID3D11Texture2D *texture, D3D11_TEXTURE2D_DESC *desc)
{
    dxgi_close_staging(output);
    ID3D11Texture2D_GetDesc(texture, desc);
    desc->MipLevels = desc->ArraySize = desc->SampleDesc.Count = 1;
    desc->SampleDesc.Quality = 0;
    desc->Usage = D3D11_USAGE_STAGING;
    desc->BindFlags = desc->MiscFlags = 0;
    desc->CPUAccessFlags = D3D11_CPU_ACCESS_READ;
    HRESULT result = ID3D11Device_CreateTexture2D(output->device, desc, NULL, &output->staging);
    if (SUCCEEDED(result))
        ID3D11DeviceContext_CopyResource(output->device_context, (ID3D11Resource *)output->staging,
                                         (ID3D11Resource *)texture);
    return result;
}

static uint32_t dxgi_map_frame(void *context, size_t index, struct duplication_surface *surface)
{
    struct dxgi_output *output = &((struct dxgi *)context)->outputs[index];
    ID3D11Texture2D *texture = NULL;
    D3D11_TEXTURE2D_DESC desc;
    D3D11_MAPPED_SUBRESOURCE mapped;
    HRESULT result = IDXGIResource_QueryInterface(output->frame, &IID_ID3D11Texture2D, (void **)&texture);
    if (SUCCEEDED(result))
        result = dxgi_copy_to_staging(output, texture, &desc);
    if (SUCCEEDED(result))
        result = ID3D11DeviceContext_Map(output->device_context, (ID3D11Resource *)output->staging, 0, D3D11_MAP_READ,
                                         0, &mapped);
    DXGI_RELEASE(ID3D11Texture2D, texture);
    if (FAILED(result))
        return (uint32_t)result;
    output->mapped = true;
    *surface = (struct duplication_surface){.bytes = mapped.pData,
                                            .width = desc.Width,
                                            .height = desc.Height,
                                            .pitch = mapped.RowPitch,
                                            .format = (uint32_t)desc.Format};
    return (uint32_t)result;
}

static uint32_t dxgi_release_frame(void *context, size_t index)
{
    struct dxgi_output *output = &((struct dxgi *)context)->outputs[index];
    DXGI_RELEASE(IDXGIResource, output->frame);
    return (uint32_t)IDXGIOutputDuplication_ReleaseFrame(output->duplication);
}

/* ---- desktop and clock ---- */

static uint32_t dxgi_enter_desktop(void *context)
{
    struct error err;
    (void)context;
    return gdi_desktop_enter(&err) == 0 ? (uint32_t)S_OK : (uint32_t)E_ACCESSDENIED;
}

static int64_t dxgi_now_ms(void *context)
{
    (void)context;
    return os_clock_ms();
}

static void dxgi_sleep_ms(void *context, unsigned time_ms)
{
    (void)context;
    Sleep(time_ms);
}

static uint32_t dxgi_removed_reason(void *context, size_t index)
{
    const struct dxgi *dxgi = context;
    ID3D11Device *device = index < dxgi->count ? dxgi->outputs[index].device : NULL;
    return device ? (uint32_t)ID3D11Device_GetDeviceRemovedReason(device) : S_OK;
}

const struct duplication_calls dxgi_calls = {
    .enter_desktop = dxgi_enter_desktop,
    .enumerate_outputs = dxgi_enumerate_outputs,
    .duplicate_output = dxgi_duplicate_output,
    .acquire_frame = dxgi_acquire_frame,
    .pointer_shape = dxgi_pointer_shape,
    .map_frame = dxgi_map_frame,
    .release_frame = dxgi_release_frame,
    .removed_reason = dxgi_removed_reason,
    .reset = dxgi_reset,
    .is_current = dxgi_is_current,
    .now_ms = dxgi_now_ms,
    .sleep_ms = dxgi_sleep_ms,
};

int dxgi_new(struct dxgi **out, struct error *err)
{
    *out = NULL;
    gdi_set_activity("the libraries of Direct3D");
    create_factory *create = (create_factory *)gdi_system_function(L"dxgi.dll", "CreateDXGIFactory1");
    PFN_D3D11_CREATE_DEVICE create_device =
        (PFN_D3D11_CREATE_DEVICE)gdi_system_function(L"d3d11.dll", "D3D11CreateDevice");
    if (!create || !create_device)
        return error_set(err, ERR_UNAVAILABLE, "this Windows has no %s", create ? "d3d11.dll" : "dxgi.dll of DXGI 1.1");
    *out = calloc(1, sizeof **out);
    if (!*out)
        return error_set(err, ERR_NO_MEMORY, "no memory for desktop duplication");
    (*out)->create = create;
    (*out)->create_device = create_device;
    return 0;
}

void dxgi_free(struct dxgi *dxgi)
{
    if (dxgi)
        dxgi_reset(dxgi);
    free(dxgi);
}
